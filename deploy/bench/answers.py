#!/usr/bin/env python3
"""P5 and P15: server CPU of a refusal, GET /livez and a booking read, compared with F (yardsticks.py).

Refusals: the event's only unit is bought and paid for; then 256 connections claim it, each time with another user's token
and a new idempotency key. GET /livez is sent with the same headers. Bookings are read by their owners.
"""
from installation import Installation, token
from measure import Target, table
from tools import CARD, claim_requests, held_bookings, load, request, users
from yardsticks import floor_microseconds

SECONDS = 3


def sold_out(installation):
    """Creates an event whose only unit is sold."""
    event, tier = installation.event(1)
    status, booking = installation.call(
        "POST", "/v1/bookings", {"eventId": event, "items": [{"tierId": tier, "quantity": 1}], "payment": CARD},
        bearer=token("buyer"))
    assert booking.get("status") == "CONFIRMED", (status, booking)
    return event, tier


def measure(rounds=3):
    refusal = Target("P5", "server CPU of a refusal (sold out, token, key) ÷ F", at_most=1.6)
    livez = Target("P5", "server CPU of GET /livez ÷ F", at_most=1.2)
    read = Target("P15", "server CPU of GET /v1/bookings/{id} ÷ F", at_most=2)
    with Installation() as installation:
        refused = claim_requests(installation, *sold_out(installation))
        pings = [request("GET", "/livez", token, key=True) for token in users(installation)]
        reads = [request("GET", f"/v1/bookings/{booking}", token(user)) for booking, user in held_bookings(installation, 8000)]
        installation.drain_outbox()
        for target, requests, is_good in ((refusal, refused, False), (livez, pings, True), (read, reads, True)):
            load(installation, requests, seconds=1)
            notes = Target("", ""), Target("", ""), Target("", "")
            for _ in range(rounds):
                answers = load(installation, requests, seconds=SECONDS)
                assert (answers.other if is_good else answers.good) == 0, answers
                floor = floor_microseconds(installation, requests)
                target.figures.append(answers.server_microseconds / floor)
                for note, figure in zip(notes, (answers.server_microseconds, floor, answers.rate)):
                    note.figures.append(figure)
            target.note = "{:.1f} µs, F {:.1f} µs; {:,.0f}/s".format(*(note.figure for note in notes))
    return [refusal, livez, read]


if __name__ == "__main__":
    print(table(measure()))
