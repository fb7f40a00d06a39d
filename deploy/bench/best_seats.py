#!/usr/bin/env python3
"""P10: the best four adjacent of 50,000 seats, 90 % of which are gone at random.

One claim after another, each released before the next; the time of a function call as reported by Redis
(`INFO commandstats`, calls of FCALL), so without network and fsync of the append-only file. Claims during which another
function ran, such as the one that measures the outboxes, are not counted.
"""
import random
import re

from growth import seated_event
from installation import Installation, token
from measure import Target, table

SEATS = 50_000
CLAIMS = 200


def microseconds(installation, event, item):
    """Mean duration of `apply` over many calls."""
    spent = calls = 0
    for index in range(CLAIMS):
        before = stats(installation)
        status, booking = installation.call("POST", "/v1/bookings", {
            "eventId": event, "items": [item]}, bearer=token(f"best-{index}"))
        after = stats(installation)
        assert status == 201, booking
        if after[0] - before[0] == 1:
            calls, spent = calls + 1, spent + after[1] - before[1]
        installation.call("DELETE", f"/v1/bookings/{booking['id']}", bearer=token(f"best-{index}"))
    assert calls > CLAIMS / 2, f"only {calls} calls were alone"
    return spent / calls


def stats(installation):
    """Function calls so far, and microseconds spent in them."""
    line = re.search(r"cmdstat_fcall:calls=(\d+),usec=(\d+)", installation.redis("INFO", "commandstats"))
    return int(line[1]), int(line[2])


def measure(rounds=3):
    whole = Target("P10", "best 4 adjacent of 50,000 seats, 90 % gone, a lone call in Redis", " µs", at_most=150)
    more = Target("P10", "the same, less a lone call for 4 units without seats", " µs")
    environment = {"USHER_RATE_LIMIT": "off", "USHER_PERSIST_WAIT_MS": "0"}
    with Installation(environment=environment) as installation:
        event, tier, seats = seated_event(installation, SEATS)
        # Keep a run in the last row, or there might be none.
        gone = random.Random(1).sample(seats[:-4], SEATS * 9 // 10)
        for start in range(0, len(gone), 500):
            status, answer = installation.call("POST", f"/v1/events/{event}/blocks", {"seatIds": gone[start:start + 500]})
            assert status == 201, answer
        # Exclude calls of other processes.
        installation.stop("reconcile")
        standing, units = installation.event(1_000_000)
        for _ in range(rounds):
            best = microseconds(installation, event, {"tierId": tier, "bestAvailable": 4})
            whole.figures.append(best)
            more.figures.append(best - microseconds(installation, standing, {"tierId": units, "quantity": 4}))
    whole.note = f"mean of {CLAIMS} claims"
    return [whole, more]


if __name__ == "__main__":
    print(table(measure()))
