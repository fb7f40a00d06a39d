#!/usr/bin/env python3
"""P13: two copies of `serve` on one Redis compared with one copy, each with one loop."""
import os

from installation import Installation
from measure import Target, table
from tools import CAPACITY, claim_requests, load


def measure(rounds=3):
    many_cores = os.cpu_count() >= 4
    target = Target(
        "P13", "claims/s of two copies ÷ one" + ("" if many_cores else " (4 cores or more: ≥ 1.7)"),
        at_least=1.7 if many_cores else None)
    one, two = Target("", ""), Target("", "")
    with Installation(serves=2, environment={"USHER_LOOPS": "1"}) as installation:
        installation.stop("reconcile")
        for _ in range(rounds):
            for side, ports in ((one, installation.ports[:1]), (two, installation.ports)):
                requests = claim_requests(installation, *installation.event(CAPACITY))
                side.figures.append(load(installation, requests, ports=ports).rate)
            target.figures.append(two.figures[-1] / one.figures[-1])
    target.note = f"{two.figure:,.0f}/s, {one.figure:,.0f}/s"
    return [target]


if __name__ == "__main__":
    print(table(measure()))
