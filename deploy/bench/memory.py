#!/usr/bin/env python3
"""P11: memory of a live hold in Redis, and of an idle connection in the server.

100,000 holds of 8,000 users with an idempotency key each, by `used_memory`; the outbox is taken away first, as the
reconciler does with what is written down. 10,000 connections that have asked once, by resident memory.
"""
import time

from installation import Installation
from measure import Target, resident_bytes, table
from tools import arrive, arrived, claim_requests, fill, request

HOLDS = 100_000
IDLE = 10_000


def used_memory(installation):
    return int(next(
        line.split(":")[1] for line in installation.redis("INFO", "memory").splitlines() if line.startswith("used_memory:")))


def hold_bytes(installation, holds=HOLDS):
    """With the outbox, and without it."""
    event, tier = installation.event(10_000_000)
    fill(installation, event, tier, 1000)
    before = used_memory(installation)
    fill(installation, event, tier, holds)
    whole = used_memory(installation)
    for key in installation.redis("--scan", "--pattern", "*:outbox").splitlines():
        installation.redis("XTRIM", key, "MAXLEN", "0")
    alone = used_memory(installation)
    assert alone < whole, "no outbox was found"
    return (whole - before) / holds, (alone - before) / holds


def connection_bytes(installation):
    pid = installation.pid("serve0")
    ping = [request("GET", "/livez", installation.admin)]
    arrive(installation, ping, 64, 1)
    before = resident_bytes(pid)
    process = arrive(installation, ping, 1, 8, rate=1, idle=IDLE, wait=False)
    most, deadline = before, time.time() + 7
    while time.time() < deadline:
        most = max(most, resident_bytes(pid))
        time.sleep(0.2)
    answer = arrived(process)
    assert answer["broken"] == 0, answer
    return (most - before) / IDLE


def measure():
    hold = Target("P11", "Redis per live hold, its outbox entry written down", " B", at_most=500)
    connection = Target("P11", "server per idle connection", " KiB", at_most=8)
    with Installation() as installation:
        installation.stop("reconcile")
        whole, alone = hold_bytes(installation)
        hold.figures, hold.note = [alone], f"{whole:,.0f} B with the entry; with idempotency record"
        connection.figures = [connection_bytes(installation) / 1024]
    return [hold, connection]


if __name__ == "__main__":
    print(table(measure()))
