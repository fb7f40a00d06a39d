#!/usr/bin/env python3
"""P6, P7 and P12: response times of requests sent at fixed times (an open model).

Response times are measured from when the request was due, whether or not a connection was free.
P6: claims at half of the rate that 64 connections reach, over 64 connections; and the claims of k6's rush of 200 virtual
users (load/rush.js), whose own CPU is in the figure.
P7: payments of holds at 1,000 a second, each answered once PostgreSQL has the confirmation; the whole call counts,
including the wait for the record of the attempt.
P12: 1,000 claims a second over 200 connections while 15,000 others are held open.
"""
import json
import os
import shutil
import subprocess

from installation import ROOT, Installation, token
from measure import Target, table
from tools import CAPACITY, arrive, claim_requests, held_bookings, load, payment_requests

RATE = 1000


def half_rate(installation, rounds):
    target = Target("P6", "a claim at half the top rate of 64 connections, p99", " ms", at_most=10)
    event, tier = installation.event(CAPACITY)
    rate = load(installation, claim_requests(installation, event, tier), 64).rate / 2
    for _ in range(rounds):
        answer = arrive(installation, claim_requests(installation, event, tier), 64, 5, rate=rate)
        assert answer["broken"] + answer["other"] + answer["refused"] == 0, answer
        target.figures.append(answer["times"]["p99"] / 1000)
    target.note = f"{rate:,.0f}/s"
    return target


def rush(installation, rounds):
    target = Target("P6", "a claim in k6's rush of 200 users, p95", " ms", at_most=8)
    k6 = shutil.which("k6") or os.path.join(ROOT, ".build/k6/bin/k6")
    summary = os.path.join(installation.directory, "k6.json")
    environment = {
        **os.environ, "BASE": f"http://127.0.0.1:{installation.port}", "ADMIN": installation.admin, "DURATION": "12",
        "TOKENS": json.dumps([token(f"k6-{index}") for index in range(200)])}
    failed = 0
    for _ in range(rounds):
        # Disable the scenario's own threshold; only the figure counts here.
        subprocess.run(
            [k6, "run", "--quiet", "--no-color", "--summary-export", summary, os.path.join(ROOT, "load/rush.js")],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(summary) as file:
            metrics = json.load(file)["metrics"]
        failed += metrics["checks"]["fails"]
        target.figures.append(metrics["http_req_duration{name:claim}"]["p(95)"])
    assert failed == 0, f"{failed} answers were wrong"
    return target


def confirmations(installation, rounds):
    target = Target("P7", "confirm → persisted at 1,000/s, p99", " ms", at_most=30)
    persisted = sent = 0
    for _ in range(rounds):
        bookings = held_bookings(installation, 5 * RATE)
        installation.drain_outbox()
        requests = payment_requests(bookings)
        answer = arrive(installation, requests, 200, 0, rate=RATE)
        assert answer["good"] == len(requests), answer
        target.figures.append(answer["times"]["p99"] / 1000)
        persisted, sent = persisted + answer["persisted"], sent + len(requests)
    target.note = f"{persisted} of {sent} answers were persisted"
    return target


def idle_connections(installation, rounds):
    target = Target("P12", "claims at 1,000/s beside 15,000 connections, p99", " ms", at_most=20)
    errors = 0
    for _ in range(rounds):
        event, tier = installation.event(CAPACITY)
        answer = arrive(installation, claim_requests(installation, event, tier), 200, 6, rate=RATE, idle=14_800)
        errors += answer["broken"] + answer["other"] + answer["refused"]
        target.figures.append(answer["times"]["p99"] / 1000)
    target.note = f"{errors} errors"
    target.is_wrong = errors > 0
    return target


def measure(rounds=3):
    with Installation() as installation:
        seen = half_rate(installation, rounds), rush(installation, rounds), confirmations(installation, rounds)
        installation.drain_outbox()
        return [*seen, idle_connections(installation, rounds)]


if __name__ == "__main__":
    print(table(measure()))
