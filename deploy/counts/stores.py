"""Cost of a claim and a payment in Redis: instructions by callgrind, and bytes of the append-only file.

`serve` makes the calls, at full speed; it receives requests one at a time or 32 at once, which it sends on as one group (the
number of functions that Redis ran shows whether it did). Each request is of a different user, with a key and limits.
`appendfsync` is `always`.
"""
import json
import os
import re
import uuid

import callgrind
from installation import Installation, token
from together import Together
from tools import CAPACITY, CARD, MARK, compiled, request

HERE = os.path.dirname(os.path.abspath(__file__))
GROUP = 32
# Counted groups by size; as many precede them as warm-up.
# The first is Redis's approximate slowdown under callgrind. With the second, calls of the rate limit have as many requests as
# under load.
SLOW, SLOWER = "20", "60"
ROUNDS = {1: 64, GROUP: 24}
TRIES = 4
SCRIPTS = re.compile(r"^cmdstat_(?:evalsha|fcall):calls=(\d+)", re.MULTILINE)


class CountedRedis:
    """An installation whose Redis runs under callgrind."""

    def __init__(self, installation):
        self.installation = installation
        self.event, self.tier = installation.event(CAPACITY)
        self.counted = callgrind.Counted(installation.pid("redis"), output(installation))
        self.users = 0
        self.servers = {}

    def connections(self, copy, size):
        """This many connections to a copy of `serve`, opened once."""
        if (copy, size) not in self.servers:
            self.servers[copy, size] = Together(
                self.installation.pid(f"serve{copy}"), self.installation.ports[copy], size)
        return self.servers[copy, size]

    def scripts(self):
        """Functions that Redis has run so far."""
        return sum(map(int, SCRIPTS.findall(self.installation.redis("INFO", "commandstats"))))

    def log_bytes(self):
        return int(re.search(r"aof_current_size:(\d+)", self.installation.redis("INFO", "persistence"))[1])

    def claims(self, count):
        """Claims by users without bookings."""
        body = {"eventId": self.event, "items": [{"tierId": self.tier, "quantity": 1}]}
        self.users += count
        users = range(self.users - count, self.users)
        return [with_key(request("POST", "/v1/bookings", token(f"user-{user:07}"), body, key=True)) for user in users]

    def send(self, copy, rounds):
        """Sends round after round; returns the JSON of the answers."""
        together = self.connections(copy, len(rounds[0]))
        answers = [answer for requests in rounds for answer in together.send(requests)]
        assert all(status in (200, 201, 202) for status, _ in answers), answers
        return [json.loads(body) for _, body in answers]

    def claim(self, size, copy=0):
        """Instructions and bytes of the append-only file per claim, in groups of this size."""
        warm_up, rounds = ([self.claims(size) for _ in range(ROUNDS[size])] for _ in range(2))
        self.send(copy, warm_up)
        for _ in range(TRIES):
            scripts, log = self.scripts(), self.log_bytes()
            with self.counted(f"claims {size} {copy}"):
                self.send(copy, rounds)
            scripts = self.scripts() - scripts
            # A few calls measure the outbox; those of the second copy also check rate limits.
            if scripts <= (1.3, 2.3)[copy] * len(rounds):
                break
            # On a busy machine concurrent requests may reach `serve` in two turns.
            rounds = [self.claims(size) for _ in range(ROUNDS[size])]
        else:
            raise AssertionError(f"{len(rounds)} groups of {size} claims were {scripts} calls of scripts")
        claims = size * len(rounds)
        return self.counted.instructions / claims, (self.log_bytes() - log) / claims

    def payments(self, bookings):
        """Payments of these bookings, in groups."""
        requests = [
            with_key(request("POST", f"/v1/bookings/{booking['id']}/payments", token(booking["userId"]), CARD, key=True))
            for booking in bookings]
        return [requests[start:start + GROUP] for start in range(0, len(requests), GROUP)]

    def paid_order(self, copy=0):
        """Instructions per order: a claim and a payment that is answered when PostgreSQL has it, 32 at once, including the
        reconciler's calls of Redis."""
        warm_up, rounds = ([self.claims(GROUP) for _ in range(ROUNDS[GROUP])] for _ in range(2))
        self.send(copy, self.payments(self.send(copy, warm_up)))
        with self.counted("orders"):
            self.send(copy, self.payments(self.send(copy, rounds)))
            self.installation.drain_outbox()
        return self.counted.instructions / GROUP / len(rounds)


def with_key(text):
    """A request with a unique idempotency key."""
    return text.replace(MARK, uuid.uuid4().hex[:len(MARK)].encode())


def output(installation):
    return os.path.join(installation.directory, "callgrind")


def measure():
    """Redis's figures by name. The clock of Usher's processes is slowed; otherwise their periodic calls would distort counts
    of calls that take so long."""
    figures = {}
    shims = compiled("valgrind_shims", "-shared", "-fPIC", directory=HERE)
    slowed = {"LD_PRELOAD": shims, "SLOW": SLOW, "USHER_LOOPS": "1", "USHER_PERSIST_WAIT_MS": "250"}
    # The reconciler also polls each partition periodically.
    installation = Installation(serves=2, environment={"USHER_PARTITIONS": "2"})
    installation.redis_prefix = callgrind.command(output(installation))
    with installation:
        redis = CountedRedis(installation)
        for name, environment in (("serve0", {"USHER_RATE_LIMIT": "off"}), ("serve1", {"SLOW": SLOWER})):
            installation.stop(name)
            installation.start_serve(int(name[-1]), environment={**slowed, **environment})
        installation.stop("reconcile")
        installation.start_reconciler(environment=slowed)
        figures[f"Redis: paid order, {GROUP} at a time: instructions"] = redis.paid_order()
        installation.stop("reconcile")
        for size in ROUNDS:
            instructions, log = redis.claim(size)
            figures[f"Redis: claim, groups of {size}: instructions"] = instructions
            figures[f"Redis: claim, groups of {size}: bytes of the append-only file"] = log
        # Sometimes a window of the rate limit ends meanwhile, and its hash is deleted.
        figures[f"Redis: claim and rate limit, groups of {GROUP}: instructions"] = min(
            redis.claim(GROUP, copy=1)[0] for _ in range(3))
    return figures
