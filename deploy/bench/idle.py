#!/usr/bin/env python3
"""P16: CPU of an installation without requests.

It has an event, held and paid bookings, and a persisted outbox. The measurement starts some seconds after the last request
and includes all processes, with PostgreSQL's children.
"""
import time

from installation import Installation
from measure import Target, table
from orders import NAMES, orders, spent

SETTLE = 5
SECONDS = 6


def measure(rounds=3):
    target = Target("P16", "CPU of an idle installation, all processes together", " % of a core", at_most=1)
    parts = {name: Target("", "") for name in NAMES}
    with Installation() as installation:
        orders(installation, 1000)
        installation.drain_outbox()
        time.sleep(SETTLE)
        for _ in range(rounds):
            before, start = spent(installation), time.perf_counter()
            time.sleep(SECONDS)
            took, after = time.perf_counter() - start, spent(installation)
            shares = {name: 100 * (after[name] - before[name]) / took for name in NAMES}
            target.figures.append(sum(shares.values()))
            for name, part in parts.items():
                part.figures.append(shares[name])
    target.note = ", ".join(f"{NAMES[name]} {part.figure:.2f}" for name, part in parts.items())
    return [target]


if __name__ == "__main__":
    print(table(measure()))
