#!/usr/bin/env python3
"""P5: refusals once everything is sold against GET /livez.

The event's only unit is bought and paid for. Then 256 connections claim, each time with a new idempotency key; on the
other side the very same headers go to /livez, so that the client's part is the same.
"""
from installation import Installation, token
from measure import Target, table
from tools import wrk


def sold_out(installation):
    """An event whose only unit is sold."""
    event, tier = installation.event(1)
    status, booking = installation.call("POST", "/v1/bookings", {
        "eventId": event, "items": [{"tierId": tier, "quantity": 1}], "payment": {"cardNumber": "4242424242424242"}},
        bearer=token("buyer"))
    assert booking.get("status") == "CONFIRMED", (status, booking)
    return event, tier


def measure(rounds=3):
    target = Target("P5", "refusals/s once sold out ÷ GET /livez per second", at_least=0.8)
    refusals, livez = Target("", ""), Target("", "")
    with Installation() as installation:
        event, tier = sold_out(installation)
        wrk(installation, event, tier, 1)
        for _ in range(rounds):
            load = wrk(installation, event, tier, 4)
            assert load.good == 0, load
            refusals.figures.append(load.refusals)
            livez.figures.append(wrk(installation, event, tier, 4, get="/livez").rate)
            target.figures.append(refusals.figures[-1] / livez.figures[-1])
    target.note = f"{refusals.figure:,.0f}/s refused, {livez.figure:,.0f}/s of /livez"
    return [target]


if __name__ == "__main__":
    print(table(measure()))
