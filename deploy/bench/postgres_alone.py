#!/usr/bin/env python3
"""P4: claims over HTTP against PostgreSQL alone, used well (U: yardsticks.py, postgres_claims.sql).

All claims are of one hot tier. Usher's side adds HTTP, a token, and the rate limit to what PostgreSQL's side does; it runs
with its reconciler stopped, and with the reconciler persisting all claims, as in production. PostgreSQL's side calls one
function per claim, with a row per unit (the best of 8, 16 and 50 clients), and with a counter per tier (the best of 4 and 8;
it falls with more clients).
"""
import time

from claims import claims
from installation import Installation
from measure import Target, table
from yardsticks import COUNTER, UNITS, postgres_claims, prepare_postgres

SECONDS = 3


def persisted(installation, count):
    """Waits until PostgreSQL has this many bookings: a reconciler that has just started does not report its progress."""
    deadline = time.time() + 120
    while int(installation.sql("SELECT count(*) FROM bookings")) < count:
        assert time.time() < deadline, "bookings were not persisted in time"
        time.sleep(0.1)


def measure(rounds=3):
    stopped = Target("P4", "claims/s ÷ PostgreSQL alone, row per unit; reconciler stopped", at_least=4)
    running = Target("P4", "the same, reconciler running", at_least=2.5)
    counter = Target("P4", "claims/s ÷ PostgreSQL alone, counter per tier; reconciler stopped", at_least=12)
    sides = {name: Target("", "") for name in ("stopped", "running", "units", "counter")}
    clients = {"units": [], "counter": []}
    with Installation() as installation:
        count = claims(installation, 2).good
        for _ in range(rounds):
            persisted(installation, count)
            answers = {"running": claims(installation, SECONDS)}
            count += answers["running"].good
            persisted(installation, count)
            installation.stop("reconcile")
            answers["stopped"] = claims(installation, SECONDS)
            count += answers["stopped"].good
            figures = {name: answer.rate for name, answer in answers.items()}
            prepare_postgres(installation)
            for name, design in (("units", UNITS), ("counter", COUNTER)):
                figures[name], best = postgres_claims(installation, design, SECONDS)
                clients[name].append(best)
            installation.start_reconciler()
            stopped.figures.append(figures["stopped"] / figures["units"])
            running.figures.append(figures["running"] / figures["units"])
            counter.figures.append(figures["stopped"] / figures["counter"])
            for name, figure in figures.items():
                sides[name].figures.append(figure)
    for target, usher, other in ((stopped, "stopped", "units"), (running, "running", "units"), (counter, "stopped", "counter")):
        target.note = (
            f"{sides[usher].figure:,.0f}/s over HTTP, {sides[other].figure:,.0f}/s in PostgreSQL "
            f"({'/'.join(map(str, sorted(set(clients[other]))))} clients)")
    return [stopped, running, counter]


if __name__ == "__main__":
    print(table(measure()))
