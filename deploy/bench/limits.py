#!/usr/bin/env python3
"""OVERLOAD and RATE: the cost of refusing and of rate limiting.

OVERLOAD: full load is as many connections as the server allows concurrent claims; each sends a claim after its answer.
Overload is three times as many connections; after a 503 a connection waits a second, ±50 %, as Retry-After asks. Response
times of answers that are not refusals are compared, and claims a second.
RATE: the server's CPU per claim with the default rate limit minus that without one. Claims come at the same fixed rate on
both sides: in a closed loop there would be fewer with the limit, since Redis does the counting, and smaller groups cost
more per claim. Two installations side by side are loaded in turn, because the difference is smaller than the variation of a
machine's speed within a minute.
"""
from statistics import median

from installation import Installation
from measure import Target, cpu_seconds, table
from tools import CAPACITY, arrive, claim_requests, load

IN_FLIGHT = 256
LOOPS = 2
# Claims a second, and turns of each side in a round.
RATE = 3000
TURNS = 3


def overload(installation, rounds):
    latency = Target("OVERLOAD", "p99 of a claim at 3 × full load ÷ at full load", at_most=2)
    rate = Target("OVERLOAD", "claims/s at 3 × full load ÷ at full load", at_least=0.95)
    sides = [Target("", "") for _ in range(4)]
    full = IN_FLIGHT * LOOPS
    load(installation, claim_requests(installation, *installation.event(CAPACITY)), seconds=2)
    for turn in range(2 * rounds):
        answers = {}
        # The sides take turns in going first, since earlier data affects the later one.
        for connections in (full, 3 * full) if turn % 2 else (3 * full, full):
            event, tier = installation.event(CAPACITY)
            requests = claim_requests(installation, event, tier)
            answers[connections] = arrive(installation, requests, connections, 4, backoff=1000)
        pair = answers[full], answers[3 * full]
        rates = [answer["good"] / answer["seconds"] for answer in pair]
        times = [answer["times"]["p99"] / 1000 for answer in pair]
        for side, figure in zip(sides, [*rates, *times]):
            side.figures.append(figure)
        latency.figures.append(times[1] / times[0])
        rate.figures.append(rates[1] / rates[0])
    rate.note = f"{sides[1].figure:,.0f}/s, {sides[0].figure:,.0f}/s; {full} and {3 * full} connections"
    latency.note = f"{sides[3].figure:.0f} ms, {sides[2].figure:.0f} ms"
    return [latency, rate]


def claim_microseconds(installation):
    """The server's CPU per claim at the fixed rate."""
    requests = claim_requests(installation, *installation.event(CAPACITY))
    before = cpu_seconds(installation.pid("serve0"))
    answer = arrive(installation, requests, 128, 3, rate=RATE)
    assert answer["broken"] + answer["other"] + answer["refused"] == 0, answer
    return (cpu_seconds(installation.pid("serve0")) - before) / answer["good"] * 1e6


def rate_limit(rounds):
    target = Target("RATE", "server CPU of the rate limit per claim", " µs", at_most=3)
    on, off = Target("", ""), Target("", "")
    with Installation(environment={"USHER_RATE_LIMIT": "off"}) as without, Installation() as limited:
        sides = [(without, off), (limited, on)]
        for installation, _ in sides:
            installation.stop("reconcile")
            load(installation, claim_requests(installation, *installation.event(CAPACITY)), seconds=2)
        for turn in range(TURNS * rounds):
            for installation, side in sides if turn % 2 else reversed(sides):
                side.figures.append(claim_microseconds(installation))
    # One turn is noisy; a round is the difference of medians over several.
    for first in range(0, TURNS * rounds, TURNS):
        of_round = slice(first, first + TURNS)
        target.figures.append(median(on.figures[of_round]) - median(off.figures[of_round]))
    target.note = f"{on.figure:.1f} µs with it, {off.figure:.1f} µs without"
    return target


def measure(rounds=3):
    environment = {"USHER_LOOPS": str(LOOPS), "USHER_IN_FLIGHT_LIMIT": str(IN_FLIGHT)}
    with Installation(environment=environment) as installation:
        installation.stop("reconcile")
        # Each overload round measures both orders.
        return [*overload(installation, min(rounds, 2)), rate_limit(rounds)]


if __name__ == "__main__":
    print(table(measure()))
