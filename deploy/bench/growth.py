#!/usr/bin/env python3
"""P9: the cost of a claim, Redis and server together, with large amounts of data.

One million live holds against one thousand, on one event; 100,000 events against ten, all of them in Redis, of which ten
are claimed from; users with 500 bookings of an event against users with one; a map of 100,000 seats against one of 100. On the maps
a hundred users each claim a seat repeatedly: claiming a seat of the user's own hold releases that hold for the new one, so
seats do not run out.
"""
import uuid

from installation import Installation, token
from measure import Target, cpu_seconds, table
from tools import CAPACITY, arrive, claim_requests, fill, request, users

SECONDS = 3
ROW = 100


def cost(installation, requests, seconds=SECONDS):
    """CPU of Redis and the server in microseconds per claim; with `seconds=0` each request is sent once."""
    pids = [installation.pid("redis"), installation.pid("serve0")]
    before = sum(cpu_seconds(pid) for pid in pids)
    answer = arrive(installation, requests, 64, seconds)
    assert answer["good"] and answer["other"] + answer["broken"] + answer["refused"] == 0, answer
    return (sum(cpu_seconds(pid) for pid in pids) - before) / answer["good"] * 1e6


def ratio(name, what, few, many, rounds):
    target = Target(name, what, at_most=1.2)
    sides = Target("", ""), Target("", "")
    for _ in range(rounds):
        for side, measured in zip(sides, (few, many)):
            side.figures.append(measured())
        target.figures.append(sides[1].figures[-1] / sides[0].figures[-1])
    target.note = f"{sides[1].figure:.1f} µs, {sides[0].figure:.1f} µs"
    return target


def holds(installation, rounds, count):
    many = installation.event(CAPACITY)
    fill(installation, *many, count)
    few = [installation.event(CAPACITY) for _ in range(rounds)]
    for event in few:
        fill(installation, *event, 1000)
    waiting = iter(few)
    return ratio(
        "P9", f"CPU per claim, {count:,} live holds ÷ 1,000",
        lambda: cost(installation, claim_requests(installation, *next(waiting))),
        lambda: cost(installation, claim_requests(installation, *many)), rounds)


def regulars(installation, rounds, bookings=500, count=100):
    """A few users with many bookings of an event today, and as many claims by users with one."""
    often = [token(f"regular-{index}") for index in range(count)]
    event = installation.event(CAPACITY)
    cost(installation, claim_requests(installation, *event, bookings * count, tokens=often), 0)
    claims = 40 * count

    def once():
        other = installation.event(CAPACITY)
        tokens = users(installation)[:claims]
        cost(installation, claim_requests(installation, *other, claims, tokens=tokens), 0)
        return cost(installation, claim_requests(installation, *other, claims, tokens=tokens), 0)

    return ratio(
        "P9", f"the same, a user with {bookings} bookings ÷ with one", once,
        lambda: cost(installation, claim_requests(installation, *event, claims, tokens=often), 0), rounds)


def hot_claims(installation):
    """Claims of ten events in turn."""
    hot = [installation.event(CAPACITY, f"Hot {index}") for index in range(10)]
    return [text for event, tier in hot for text in claim_requests(installation, event, tier, 800)]


def events(installation, rounds, count):
    crowd = other_events(installation, count)
    owners = users(installation)
    bodies = ({"eventId": event, "items": [{"tierId": tier, "quantity": 1}]} for event, tier in crowd)
    answer = arrive(installation, [
        request("POST", "/v1/bookings", owners[index % len(owners)], body) for index, body in enumerate(bodies)], 64, 0)
    assert answer["good"] == count, answer
    many = hot_claims(installation)
    # Events cannot be deleted, and figures taken minutes apart are not comparable.
    with Installation(environment={"USHER_RATE_LIMIT": "off"}) as other:
        other.stop("reconcile")
        few = hot_claims(other)
        return ratio(
            "P9", f"the same, {count:,} events ÷ 10", lambda: cost(other, few), lambda: cost(installation, many), rounds)


def other_events(installation, count):
    """Inserts events directly into PostgreSQL; the first claim loads each into Redis."""
    made = [(str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(count)]
    partitions = int(installation.sql("SELECT count(*) FROM partitions"))
    rows = "\n".join(f"{event}\t{crc32c(uuid.UUID(event).bytes) % partitions}" for event, _ in made)
    tiers = "\n".join(f"{tier}\t{event}" for event, tier in made)
    installation.sql(
        "CREATE TEMP TABLE a (id uuid, partition int);\nCOPY a FROM STDIN;\n" + rows + "\n\\.\n"
        "CREATE TEMP TABLE b (id uuid, event uuid);\nCOPY b FROM STDIN;\n" + tiers + "\n\\.\n"
        "INSERT INTO events (id, partition, title, starts_at, status, currency, hold_seconds) "
        "SELECT id, partition, 'Crowd', '2099-01-01', 'published', 'USD', 600 FROM a;\n"
        "INSERT INTO tiers (id, event_id, position, name, kind, unit_amount, capacity) "
        "SELECT id, event, 0, 'Standing', 'general', 4999, 100 FROM b;\n")
    return made


def crc32c(data):
    """CRC-32C (RFC 3720, appendix B.4), which maps events to partitions."""
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _table():
    for value in range(256):
        for _ in range(8):
            value = 0x82F63B78 ^ value >> 1 if value & 1 else value >> 1
        yield value


TABLE = list(_table())


def seated_event(installation, seats):
    """Creates an event with this many seats; returns it and its seats' ids."""
    rows = [{"name": f"R{row}", "seats": [str(seat) for seat in range(ROW)]} for row in range(seats // ROW)]
    sections = [{"name": f"S{index}", "rows": rows[index * 100:index * 100 + 100]} for index in range((len(rows) + 99) // 100)]
    status, venue = installation.call("POST", "/v1/venues", {"name": "Hall", "sections": sections})
    assert status == 201, venue
    status, event = installation.call("POST", "/v1/events", {
        "title": "Seats", "startsAt": "2099-01-01T20:00:00.000Z", "currency": "USD", "publish": True, "venueId": venue["id"],
        "maxTicketsPerUser": 1_000_000, "maxBookingsPerUser": 1_000_000, "tiers": [
            {"name": "Seated", "kind": "seated", "unitAmount": 4999, "sections": [part["name"] for part in sections]}]})
    assert status == 201, event
    seats = installation.call("GET", f"/v1/events/{event['id']}/seats")[1]["seats"]
    return event["id"], event["tiers"][0]["id"], [seat["id"] for seat in seats]


def seats(installation, rounds, count):
    def requests(size):
        event, _, ids = seated_event(installation, size)
        return [
            request("POST", "/v1/bookings", token(f"seat-{index}"), {
                "eventId": event, "items": [{"seatIds": [ids[index * (size // 100)]]}]}) for index in range(100)]

    few, many = requests(100), requests(count)
    return ratio(
        "P9", f"the same, a seat of {count:,} ÷ of 100", lambda: cost(installation, few),
        lambda: cost(installation, many), rounds)


def measure(rounds=3, holds_count=1_000_000, events_count=100_000, seats_count=100_000):
    # A hundred users exceed the rate limit.
    with Installation(environment={"USHER_RATE_LIMIT": "off"}) as installation:
        installation.stop("reconcile")
        return [
            seats(installation, rounds, seats_count), regulars(installation, rounds),
            events(installation, rounds, events_count), holds(installation, rounds, holds_count)]


if __name__ == "__main__":
    print(table(measure()))
