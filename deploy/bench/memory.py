#!/usr/bin/env python3
"""P11: memory of holds in Redis, and of an idle connection in the server.

Live: 100,000 holds of 8,000 users with an idempotency key each, by `used_memory`, minus the outbox, whose entries are trimmed
once they are persisted. Expired: 50,000 holds that were persisted, expired and removed from Redis, a minute later, with the
outbox, whose entries are kept for a time, and without. Rate limit counters are gone by then, too. Connections: 10,000 that
have each sent one request, by resident memory.
"""
import time

from installation import Installation
from measure import Target, resident_bytes, table
from tools import CAPACITY, arrive, arrived, claim_requests, fill, request

HOLDS, EXPIRED = 100_000, 50_000
HOLD_SECONDS = 20
IDLE = 10_000
# Key patterns.
RATE_LIMITS, RECORDS = "usher:{rate}:*", "*:b:*"


def used_memory(installation):
    return int(next(
        line.split(":")[1] for line in installation.redis("INFO", "memory").splitlines() if line.startswith("used_memory:")))


def trim_outboxes(installation):
    """Removes all entries of all outboxes; the streams stay."""
    keys = installation.redis("EVAL", """
        local found, cursor = {}, '0'
        repeat
          local page = redis.call('SCAN', cursor, 'TYPE', 'stream', 'COUNT', 10000)
          cursor = page[1]
          for _, key in ipairs(page[2]) do found[#found + 1] = key end
        until cursor == '0'
        return found""", "0").splitlines()
    assert keys, "there is no outbox"
    for key in keys:
        installation.redis("XTRIM", key, "MAXLEN", "0")


def wait_until_gone(installation, pattern):
    """Waits until no key matches the pattern."""
    deadline = time.time() + 180
    while int(installation.redis("EVAL", "return #redis.call('KEYS', ARGV[1])", "0", pattern)):
        assert time.time() < deadline, f"{pattern} is still there"
        time.sleep(1)


def hold_bytes(installation, holds=HOLDS):
    """Memory of a live hold: with its outbox entry, and without."""
    event, tier = installation.event(CAPACITY)
    fill(installation, event, tier, 1000)
    trim_outboxes(installation)
    wait_until_gone(installation, RATE_LIMITS)
    before = used_memory(installation)
    fill(installation, event, tier, holds)
    wait_until_gone(installation, RATE_LIMITS)
    whole = used_memory(installation)
    trim_outboxes(installation)
    return (whole - before) / holds, (used_memory(installation) - before) / holds


def expired_bytes(installation, holds=EXPIRED):
    """Memory of a hold that expired and was persisted: with its outbox entries, and without."""
    event, tier = installation.event(CAPACITY, holdSeconds=HOLD_SECONDS)
    trim_outboxes(installation)
    wait_until_gone(installation, RATE_LIMITS)
    before = used_memory(installation)
    fill(installation, event, tier, holds)
    deadline = time.time() + 180
    while installation.held(event):
        assert time.time() < deadline, "holds did not expire"
        time.sleep(0.5)
    installation.drain_outbox()
    wait_until_gone(installation, RECORDS)
    wait_until_gone(installation, RATE_LIMITS)
    whole = used_memory(installation)
    trim_outboxes(installation)
    return (whole - before) / holds, (used_memory(installation) - before) / holds


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
    live = Target("P11", "Redis per live hold, its outbox entry trimmed", " B", at_most=350)
    kept = Target("P11", "Redis per expired hold, its outbox entries kept", " B", at_most=600)
    trimmed = Target("P11", "the same, trimmed", " B", at_most=150)
    connection = Target("P11", "server per idle connection", " KiB", at_most=8)
    with Installation() as installation:
        kept.figures, trimmed.figures = ([figure] for figure in expired_bytes(installation))
        installation.stop("reconcile")
        whole, alone = hold_bytes(installation)
        live.figures, live.note = [alone], f"{whole:,.0f} B with the entry; {HOLDS:,} holds, each with a key"
        connection.figures = [connection_bytes(installation) / 1024]
        trimmed.note = f"{EXPIRED:,} holds, each with a key"
    return [live, kept, trimmed, connection]


if __name__ == "__main__":
    print(table(measure()))
