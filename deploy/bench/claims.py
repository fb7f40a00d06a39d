#!/usr/bin/env python3
"""P1–P3: the cost of a claim over HTTP, compared with F and B (yardsticks.py).

256 keep-alive connections claim one unit each of one event of general admission, as fast as they are answered, each time
as another user; each claim has a token that is verified, an idempotency key of its own, limits per user, the rate limit, and
an outbox entry; Redis runs `appendfsync always`. Afterwards Redis's counters are compared with the clients' answers. Nothing
is persisted meanwhile: that is P4 and P8. For tokens never seen before, each user sends one request.
Ungrouped, 64 connections claim of 64 events, so that no two claims travel together.
"""
from installation import Installation, token
from measure import Target, table
from tools import CAPACITY, claim_requests, load
from yardsticks import bare_claims, floor_microseconds

ROUNDS = 3
SECONDS = 4
NEW_USERS = 30_000


def claims(installation, seconds=SECONDS, **options):
    """One round over HTTP on a separate event."""
    event, tier = installation.event(CAPACITY)
    answers = load(installation, claim_requests(installation, event, tier, **options), seconds=seconds)
    held = installation.held(event)
    assert held == answers.good and answers.other == 0, f"{answers} but {held} held"
    return answers


def strangers(index):
    """Tokens of new users."""
    return [token(f"stranger-{index}-{user:06}") for user in range(NEW_USERS)]


def ungrouped(installation, events, seconds=3):
    """Redis's CPU per claim if concurrent claims are of different events."""
    of_each = [claim_requests(installation, event, tier) for event, tier in events]
    requests = [of_each[index % len(events)][index] for index in range(len(of_each[0]))]
    answers = load(installation, requests, 64, seconds)
    assert answers.other == 0, answers
    return answers.redis_microseconds


def measure(rounds=ROUNDS):
    ratio = Target("P1", "claims/s over HTTP ÷ B", at_least=0.25)
    known = Target("P2", "server CPU per claim ÷ F, token seen before", at_most=2.5)
    new = Target("P2", "the same, token never seen before", at_most=3.2)
    redis = Target("P3", "Redis CPU per claim at 256 connections, rate limit included", " µs", at_most=18)
    lone = Target("P3", "the same, ungrouped: 64 connections on 64 events", " µs", at_most=50)
    sides = {name: Target("", "") for name in ("http", "bare", "bare_cpu", "floor", "known", "new")}
    with Installation() as installation:
        installation.stop("reconcile")
        claims(installation, 2)
        events = [installation.event(CAPACITY, title=f"Event {index}") for index in range(64)]
        ungrouped(installation, events, 1)
        for index in range(rounds):
            answers = claims(installation)
            bare, bare_cpu = bare_claims(installation)
            first = claims(installation, 0, count=NEW_USERS, tokens=strangers(index))
            floor = floor_microseconds(installation, claim_requests(installation, *events[0], 1000))
            ratio.figures.append(answers.rate / bare)
            known.figures.append(answers.server_microseconds / floor)
            new.figures.append(first.server_microseconds / floor)
            redis.figures.append(answers.redis_microseconds)
            lone.figures.append(ungrouped(installation, events))
            for side, figure in zip(sides.values(), (
                    answers.rate, bare, bare_cpu, floor, answers.server_microseconds, first.server_microseconds)):
                side.figures.append(figure)
    ratio.note = f"{sides['http'].figure:,.0f}/s over HTTP, B {sides['bare'].figure:,.0f}/s"
    known.note = f"{sides['known'].figure:.1f} µs, F {sides['floor'].figure:.1f} µs"
    new.note = f"{sides['new'].figure:.1f} µs, F {sides['floor'].figure:.1f} µs"
    redis.note = f"B {sides['bare_cpu'].figure:.1f} µs"
    return [ratio, known, new, redis, lone]


if __name__ == "__main__":
    print(table(measure()))
