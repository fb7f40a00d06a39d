"""What a claim and a payment cost Redis: instructions by callgrind, and bytes of the append-only file.

The calls are those that the product makes: `serve` runs at full speed, and requests reach it one at a time or 32 at the same
moment, which it hands on as one group (how many scripts Redis ran says whether it did). Each is of a user of its own, with a
key and limits. `appendfsync` is `always`.
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
# Groups that are counted, by their size; as many precede them.
# Redis under callgrind answers later by about the first. By the second, rate limits are judged in calls of as many requests as
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
        """So many connections to a copy of `serve`, opened once."""
        if (copy, size) not in self.servers:
            self.servers[copy, size] = Together(
                self.installation.pid(f"serve{copy}"), self.installation.ports[copy], size)
        return self.servers[copy, size]

    def scripts(self):
        """Scripts that Redis ran so far."""
        return sum(map(int, SCRIPTS.findall(self.installation.redis("INFO", "commandstats"))))

    def log_bytes(self):
        return int(re.search(r"aof_current_size:(\d+)", self.installation.redis("INFO", "persistence"))[1])

    def claims(self, count):
        """Claims by users who have none yet."""
        body = {"eventId": self.event, "items": [{"tierId": self.tier, "quantity": 1}]}
        self.users += count
        users = range(self.users - count, self.users)
        return [with_key(request("POST", "/v1/bookings", token(f"user-{user:07}"), body, key=True)) for user in users]

    def send(self, copy, rounds):
        """Sends round after round; what the answers say."""
        together = self.connections(copy, len(rounds[0]))
        answers = [answer for requests in rounds for answer in together.send(requests)]
        assert all(status in (200, 201, 202) for status, _ in answers), answers
        return [json.loads(body) for _, body in answers]

    def claim(self, size, copy=0):
        """Instructions and bytes of the append-only file a claim, in groups of so many."""
        warm_up, rounds = ([self.claims(size) for _ in range(ROUNDS[size])] for _ in range(2))
        self.send(copy, warm_up)
        for _ in range(TRIES):
            scripts, log = self.scripts(), self.log_bytes()
            with self.counted(f"claims {size} {copy}"):
                self.send(copy, rounds)
            scripts = self.scripts() - scripts
            # A few look at the length of the outbox; those of the second copy judge rate limits, too.
            if scripts <= (1.3, 2.3)[copy] * len(rounds):
                break
            # On a busy machine requests of one moment may reach `serve` in two.
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
        """Instructions an order: a claim and a payment that is answered when PostgreSQL has it, 32 at the same moment, with
        what the reconciler asks of Redis for it."""
        warm_up, rounds = ([self.claims(GROUP) for _ in range(ROUNDS[GROUP])] for _ in range(2))
        self.send(copy, self.payments(self.send(copy, warm_up)))
        with self.counted("orders"):
            self.send(copy, self.payments(self.send(copy, rounds)))
            self.installation.drain_outbox()
        return self.counted.instructions / GROUP / len(rounds)


def with_key(text):
    """A request with an idempotency key that is used once."""
    return text.replace(MARK, uuid.uuid4().hex[:len(MARK)].encode())


def output(installation):
    return os.path.join(installation.directory, "callgrind")


def measure():
    """Figures by what they are of, of Redis. The clock of Usher's processes is slowed: else what they ask by the clock would be much
    beside calls that take so long."""
    figures = {}
    shims = compiled("valgrind_shims", "-shared", "-fPIC", directory=HERE)
    slowed = {"LD_PRELOAD": shims, "SLOW": SLOW, "USHER_LOOPS": "1", "USHER_PERSIST_WAIT_MS": "250"}
    # Each partition is looked at by the clock, too.
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
        # Now and then a window of the rate limit ends meanwhile, and its whole hash is deleted.
        figures[f"Redis: claim and rate limit, groups of {GROUP}: instructions"] = min(
            redis.claim(GROUP, copy=1)[0] for _ in range(3))
    return figures
