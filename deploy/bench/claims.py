#!/usr/bin/env python3
"""P1–P3: claims over HTTP against the same script driven raw, and what a claim costs.

256 keep-alive connections claim one unit each of one event of general admission, as fast as they are answered; each
claim has a token that is verified, an idempotency key of its own, limits per user, and an outbox entry; Redis runs
`appendfsync always`. What Redis and the server then hold is compared with what the clients were told. Nothing is
written down meanwhile on either side: that is P8.
"""
from installation import Installation
from measure import Target, table
from tools import raw_claims, wrk

ROUNDS = 3
SECONDS = 5
CAPACITY = 10_000_000


def claims(installation, seconds=SECONDS):
    """One round over HTTP on an event of its own."""
    event, tier = installation.event(CAPACITY)
    load = wrk(installation, event, tier, seconds)
    held = installation.held(event)
    # What was under way at the end was claimed, and its answer not counted.
    assert load.good <= held <= load.good + 256 and load.refused == 0, f"{load} but {held} held"
    return load


def measure(rounds=ROUNDS):
    ratio = Target("P1", "claims/s over HTTP ÷ the script raw, one a call", at_least=1.5)
    server = Target("P2", "server CPU per claim", " µs", at_most=20)
    redis = Target("P3", "Redis CPU per claim", " µs", at_most=20)
    http, raw, raw_cpu = Target("", ""), Target("", ""), Target("", "")
    with Installation() as installation:
        installation.stop("reconcile")
        claims(installation, 2)
        pace, _ = raw_claims(installation, *installation.event(CAPACITY), 5_000)
        for _ in range(rounds):
            load = claims(installation)
            alone, cpu = raw_claims(installation, *installation.event(CAPACITY), int(pace * SECONDS))
            ratio.figures.append(load.rate / alone)
            server.figures.append(load.server_microseconds())
            redis.figures.append(load.redis_microseconds())
            http.figures.append(load.rate)
            raw.figures.append(alone)
            raw_cpu.figures.append(cpu)
    ratio.note = f"{http.figure:,.0f}/s over HTTP, {raw.figure:,.0f}/s raw"
    redis.note = f"{raw_cpu.figure:.1f} µs raw"
    return [ratio, server, redis]


if __name__ == "__main__":
    print(table(measure()))
