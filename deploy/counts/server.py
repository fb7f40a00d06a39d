"""Cost of a request in `usher serve`: instructions in user space and allocations, by callgrind.

One loop, cached access tokens, an idempotency key per request, limits and rate limit at their defaults. A fixed number of
requests over 64 open connections, after a warm-up with as many users. Redis, PostgreSQL and the reconciler run as usual and
are not counted.
"""
import os

import callgrind
from installation import USHER, Installation, token
from tools import CAPACITY, CARD, arrive, compiled, request

CONNECTIONS = 64
USERS = 500
REQUESTS = 2000
WARM_UP = 1000
ORDERS = 500
# Approximate slowdown under callgrind.
SLOW = "60"
HERE = os.path.dirname(os.path.abspath(__file__))


class CountedServer:
    """An installation whose `serve` runs under callgrind."""

    def __init__(self, installation):
        self.installation = installation
        self.output = os.path.join(installation.directory, "callgrind")
        users = [f"user-{index:07}" for index in range(USERS)]
        self.tokens = [token(user) for user in users]
        self.token_of = dict(zip(users, self.tokens))
        # A server at full speed creates the events.
        self.event, self.tier = installation.event(CAPACITY)
        self.sold_out = installation.event(1)
        self.claim(1, self.sold_out, payment=CARD)
        installation.stop("serve0")
        shims = compiled("valgrind_shims", "-shared", "-fPIC", directory=HERE)
        program = callgrind.without_debug_information(USHER, installation.directory)
        installation.start_serve(
            command=[*callgrind.command(self.output), program, "serve"],
            environment={"LD_PRELOAD": shims, "SLOW": SLOW, "USHER_LOOPS": "1"})
        self.counted = callgrind.Counted(installation.pid("serve0"), self.output)

    def send(self, requests, **options):
        """Sends each request once; all must be answered."""
        answer = arrive(self.installation, requests, min(CONNECTIONS, len(requests)), 0, **options)
        answered = answer["good"] + answer["other"]
        assert answered == len(requests), answer
        return answer

    def claims(self, count, target, **members):
        event, tier = target
        body = {"eventId": event, "items": [{"tierId": tier, "quantity": 1}], **members}
        return [request("POST", "/v1/bookings", self.tokens[index % USERS], body, key=True) for index in range(count)]

    def claim(self, count, target, **members):
        """Makes claims; returns the bookings and their owners."""
        path = os.path.join(self.installation.directory, "ids")
        answer = self.send(self.claims(count, target, **members), ids=path)
        assert answer["good"] == count, answer
        with open(path) as file:
            return [line.split() for line in file]

    def count(self, name, requests, warm_up, good=True):
        """Counts the cost per request; `good`: whether the answers are 2xx."""
        self.send(warm_up)
        answer = self.send(requests, within=self.counted(name))
        assert answer["good" if good else "other"] == len(requests), answer
        return self.counted.instructions / len(requests), self.counted.allocations / len(requests)


def paid_order(server):
    """A claim, and a payment that is answered when PostgreSQL has it."""

    def payments(bookings):
        return [
            request("POST", f"/v1/bookings/{booking}/payments", server.token_of[user], CARD, key=True)
            for booking, user in bookings]

    hot = server.event, server.tier
    claims = server.count("claims of orders", server.claims(ORDERS, hot), server.claims(ORDERS, hot))
    warm_up, bookings = payments(server.claim(ORDERS, hot)), payments(server.claim(ORDERS, hot))
    return tuple(map(sum, zip(claims, server.count("payments of orders", bookings, warm_up))))


def measure():
    """Figures by name: instructions and allocations per request."""
    figures = {}

    def note(name, counted):
        figures[f"serve: {name}: instructions"], figures[f"serve: {name}: allocations"] = counted

    def count(name, *arguments, **options):
        note(name, server.count(name, *arguments, **options))

    with Installation(environment={"USHER_PERSIST_WAIT_MS": "50"}) as installation:
        server = CountedServer(installation)
        hot = server.event, server.tier
        livez = [request("GET", "/livez", server.tokens[index % USERS], key=True) for index in range(REQUESTS)]
        count("GET /livez", livez, livez[:WARM_UP])
        count(
            "refusal, sold out", server.claims(REQUESTS, server.sold_out), server.claims(WARM_UP, server.sold_out),
            good=False)
        count("claim", server.claims(REQUESTS, hot), server.claims(WARM_UP, hot))
        reads = [request("GET", f"/v1/bookings/{booking}", token(user)) for booking, user in server.claim(WARM_UP, hot)]
        count("booking read", reads * 2, reads)
        note("paid order", paid_order(server))
    return figures
