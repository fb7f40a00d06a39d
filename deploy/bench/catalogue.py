#!/usr/bin/env python3
"""CATALOGUE: how much faster an event is answered from memory than by the query behind it, under load.

Customers are answered from memory; an administrator's request queries PostgreSQL each time. First both run as fast as 64
connections allow (a closed loop), to find the maximum rate of each. Then the same requests arrive at fixed times (an open
model), at the maximum rate of the query. An event by its id is the cheapest of all queries.
"""
from installation import Installation, token
from measure import Target, table
from tools import arrive, request

CONNECTIONS = 64
EVENTS = 10


def measure(rounds=3):
    median = Target("CATALOGUE", "an event by id at what the query bears: its p50 ÷ that from memory", at_least=20)
    tail = Target("CATALOGUE", "the same, p99", at_least=20)
    closed = Target("CATALOGUE", "an event by id from memory, answers/s ÷ the query's, closed loop")
    sides = {}
    with Installation(environment={"USHER_RATE_LIMIT": "off", "USHER_LOOPS": "1"}) as installation:
        event = [installation.event(1000, title=f"Event {index}")[0] for index in range(EVENTS)][0]
        path = f"/v1/events/{event}"
        memory = [request("GET", path, token(f"reader-{index}")) for index in range(200)]
        query = [request("GET", path, installation.admin)] * 200
        for _ in range(rounds):
            answers = [arrive(installation, requests, CONNECTIONS, 2) for requests in (memory, query)]
            rates = [answer["good"] / answer["seconds"] for answer in answers]
            answers += [arrive(installation, requests, CONNECTIONS, 3, rate=rates[1]) for requests in (memory, query)]
            for answer in answers:
                assert answer["broken"] + answer["other"] + answer["refused"] == 0, answer
            for target, name in ((median, "p50"), (tail, "p99")):
                times = [answer["times"][name] / 1000 for answer in answers[2:]]
                target.figures.append(times[1] / times[0])
                sides.setdefault(name, []).append(times)
            closed.figures.append(rates[0] / rates[1])
            sides.setdefault("rate", []).append(rates)
    for target, name in ((median, "p50"), (tail, "p99")):
        own, others = (sorted(side)[len(side) // 2] for side in zip(*sides[name]))
        target.note = f"{own:.2f} ms, {others:.0f} ms"
    own, others = (sorted(side)[len(side) // 2] for side in zip(*sides["rate"]))
    closed.note = f"{own:,.0f}/s, {others:,.0f}/s"
    return [median, tail, closed]


if __name__ == "__main__":
    print(table(measure()))
