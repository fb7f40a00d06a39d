#!/usr/bin/env python3
"""P8: bookings and payments that one reconciler persists a second compared with a bare libpq loop.

With the reconciler stopped, bookings of one event are claimed, paid and confirmed. Then it is started; the time runs
from its first commit to its last, as seen in PostgreSQL. The other side inserts the same rows into the same
tables, 1,000 bookings per transaction, by one prepared `INSERT … SELECT … FROM unnest` per table (rows.c).
"""
import subprocess
import time

from installation import Installation
from measure import Target, table
from tools import CAPACITY, CARD, arrive, claim_requests, compiled

BOOKINGS = 12_000
BATCH = 1000


QUESTION = "SELECT count(*) FROM bookings WHERE status = 'CONFIRMED';\n"


class Written:
    """The reconciler's progress: confirmed bookings, which are persisted last. One `psql` polls all the time: starting one per
    query would take CPU from the reconciler's side only."""

    def __init__(self, installation):
        self.psql = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--dbname", installation.database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.communicate()

    def __call__(self):
        self.psql.stdin.write(QUESTION)
        self.psql.stdin.flush()
        return int(self.psql.stdout.readline())


def backlog(installation):
    """Creates bookings that are confirmed in Redis and not yet in PostgreSQL."""
    event, tier = installation.event(CAPACITY)
    installation.drain_outbox()
    installation.stop("reconcile")
    requests = claim_requests(installation, event, tier, BOOKINGS, payment=CARD)
    answer = arrive(installation, requests, 200, 0)
    assert answer["good"] == BOOKINGS, answer


def reconciled(installation):
    """Bookings persisted a second."""
    backlog(installation)
    with Written(installation) as written:
        before = written()
        installation.start_reconciler()
        counts = []
        while not counts or counts[-1][1] < BOOKINGS:
            counts.append((time.perf_counter(), written() - before))
            time.sleep(0.03)
            assert time.perf_counter() - counts[0][0] < 120, "the bookings were not persisted in time"
    # The last count before the first commit marks the start of the first batch.
    start = max(at for at, count in counts if count == 0) if counts[0][1] == 0 else counts[0][0]
    return BOOKINGS / (counts[-1][0] - start)


def bare(installation):
    """Bookings that the bare loop inserts a second."""
    include = subprocess.run(["pg_config", "--includedir"], capture_output=True, text=True, check=True).stdout.strip()
    program = compiled("rows", f"-I{include}", "-lpq")
    rows, seconds = subprocess.run(
        [program, installation.database, str(BATCH), "bookings", "booking_items", "payments"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return int(rows) / float(seconds)


def measure(rounds=3):
    target = Target("P8", "persisted per second ÷ a bare libpq loop", at_least=0.6)
    usher, loop = Target("", ""), Target("", "")
    for _ in range(rounds):
        # The bare loop empties the tables.
        with Installation(environment={"USHER_PERSIST_WAIT_MS": "0"}) as installation:
            usher.figures.append(reconciled(installation))
            installation.stop("reconcile")
            loop.figures.append(bare(installation))
            target.figures.append(usher.figures[-1] / loop.figures[-1])
    target.note = f"{usher.figure:,.0f}/s persisted, {loop.figure:,.0f}/s by the bare loop"
    return [target]


if __name__ == "__main__":
    print(table(measure()))
