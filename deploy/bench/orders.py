#!/usr/bin/env python3
"""P14: a paid order: a claim, and a payment that is answered when PostgreSQL has it.

50 connections make 6,000 claims, then pay for them with `Prefer: wait=10`; each answer must have `persisted: true`, and in
the end PostgreSQL must have each booking as confirmed. CPU is that of all processes, with PostgreSQL's children.
"""
from installation import Installation
from measure import Target, table, tree_cpu_seconds
from tools import CAPACITY, arrive, claim_requests, payment_requests, taken

ORDERS = 6000
CONNECTIONS = 50
NAMES = {"serve0": "serve", "reconcile": "reconcile", "redis": "Redis", "postgres": "PostgreSQL"}


def spent(installation):
    return {name: tree_cpu_seconds(installation.pid(name)) for name in NAMES}


def orders(installation, count=ORDERS):
    """Orders a second, and microseconds of CPU per order by process."""
    claims = claim_requests(installation, *installation.event(CAPACITY), count)
    before = spent(installation)
    bookings, claimed = taken(installation, claims, CONNECTIONS)
    paid = arrive(installation, payment_requests(bookings, headers="Prefer: wait=10\r\n"), CONNECTIONS, 0)
    after = spent(installation)
    assert paid["persisted"] == paid["good"] == count, paid
    rate = count / (claimed["seconds"] + paid["seconds"])
    return rate, {name: (after[name] - before[name]) / count * 1e6 for name in NAMES}


def measure(rounds=3):
    rate = Target("P14", "paid orders per second (claim, pay, persisted: true)", "/s", at_least=2000)
    cpu = Target("P14", "CPU per paid order, all processes together", " µs", at_most=500)
    parts = {name: Target("", "") for name in NAMES}
    with Installation() as installation:
        orders(installation, 1000)
        confirmed = 1000
        for _ in range(rounds):
            installation.drain_outbox()
            figure, spent_by = orders(installation)
            confirmed += ORDERS
            rate.figures.append(figure)
            cpu.figures.append(sum(spent_by.values()))
            for name, part in parts.items():
                part.figures.append(spent_by[name])
        stored = int(installation.sql("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'"))
        assert stored == confirmed, f"{stored} of {confirmed} are stored"
    cpu.note = ", ".join(f"{NAMES[name]} {part.figure:.0f}" for name, part in parts.items())
    rate.note = f"{CONNECTIONS} connections, {ORDERS:,} orders a round"
    return [rate, cpu]


if __name__ == "__main__":
    print(table(measure()))
