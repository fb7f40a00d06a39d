"""Programs that send requests, and the measured cost of a load."""
import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass

from installation import ROOT, token
from measure import cpu_seconds

HERE = os.path.dirname(os.path.abspath(__file__))
# Few enough for the token cache, and enough that none reaches its rate limit.
USERS = 8000
CAPACITY = 10_000_000
CARD = {"cardNumber": "4242424242424242"}
# Placeholder that `arrive` replaces by a number.
MARK = b"#" * 16


@dataclass
class Load:
    """Result of a closed loop of clients: 2xx answers, other answers, and CPU time."""

    good: int
    other: int
    seconds: float
    server_cpu: float
    redis_cpu: float

    @property
    def count(self):
        return self.good + self.other

    @property
    def rate(self):
        return self.count / self.seconds

    @property
    def server_microseconds(self):
        return self.server_cpu / self.count * 1e6

    @property
    def redis_microseconds(self):
        return self.redis_cpu / self.count * 1e6


def load(installation, requests, connections=256, seconds=4, ports=None):
    """Sends requests in a closed loop; with `seconds=0` each of them once."""
    ports = ports or [installation.port]
    serves = [installation.pid(name) for name in installation.processes if name.startswith("serve")]

    def spent():
        return sum(map(cpu_seconds, serves)), cpu_seconds(installation.pid("redis"))

    before = spent()
    running = [
        arrive(installation, requests, connections // len(ports), seconds, port=port, wait=False) for port in ports]
    answers = [arrived(process) for process in running]
    after = spent()
    good, other, refused, broken = (
        sum(answer[name] for answer in answers) for name in ("good", "other", "refused", "broken"))
    assert broken == refused == 0, answers
    return Load(
        good, other, max(answer["seconds"] for answer in answers), after[0] - before[0], after[1] - before[1])


def users(installation):
    """Access tokens of many users."""
    if not hasattr(installation, "users"):
        installation.users = [token(f"user-{index:07}") for index in range(USERS)]
    return installation.users


def compiled(name, *flags, directory=HERE):
    """A C program of a directory, compiled into .build/bench if missing or older than its source."""
    source, program = os.path.join(directory, f"{name}.c"), os.path.join(ROOT, ".build/bench", name)
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(program), exist_ok=True)
        compiler = shutil.which("clang") or "cc"
        subprocess.run([compiler, "-O2", "-o", program, source, *flags], check=True)
    return program


def request(method, path, bearer, body=None, key=False, headers=""):
    """One request in the format of `arrive`; with `key` it has a unique idempotency key."""
    text = json.dumps(body, separators=(",", ":")).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n{headers}"
    if key:
        head += f"Idempotency-Key: {MARK.decode()}\r\n"
    if text:
        head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return head.encode() + b"\r\n" + text


def claim_requests(installation, event, tier, count=USERS, tokens=None, **members):
    """Claims of one unit by many users in turn."""
    tokens = tokens or users(installation)
    body = {"eventId": event, "items": [{"tierId": tier, "quantity": 1}], **members}
    return [request("POST", "/v1/bookings", tokens[index % len(tokens)], body, key=True) for index in range(count)]


def arrive(installation, requests, connections, seconds, rate=0, idle=0, backoff=0, ids=None, port=None, wait=True,
           within=None):
    """Runs `arrive`, see arrive.c; returns its output, or with `wait=False` the process. It sends within the context
    `within`, after its connections are open."""
    path = os.path.join(installation.directory, f"requests-{uuid.uuid4().hex}")
    with open(path, "wb") as file:
        for text in requests:
            file.write(b"%d\n%s" % (len(text), text))
    command = [compiled("arrive"), port or installation.port, connections, seconds, rate, idle, backoff, path]
    process = subprocess.Popen(
        [str(part) for part in command + ([ids or ""] if ids or within else []) + (["await"] if within else [])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.requests = path
    if within:
        assert process.stdout.readline() == "ready\n", "the server closed a connection"
        with within:
            return arrived(process, "\n")
    return arrived(process) if wait else process


def arrived(process, go=None):
    """The final output of an `arrive` process."""
    text, _ = process.communicate(go)
    os.unlink(process.requests)
    assert process.returncode == 0, text
    return json.loads(text)


def fill(installation, event, tier, count):
    """Makes this many holds, as fast as possible."""
    answer = arrive(installation, claim_requests(installation, event, tier, count), 256, 0)
    assert answer["good"] == count, answer


def taken(installation, claims, connections=64):
    """Makes these claims; returns each booking with its owner, and the output of `arrive`."""
    ids = os.path.join(installation.directory, "ids")
    answer = arrive(installation, claims, connections, 0, ids=ids)
    assert answer["good"] == len(claims), answer
    with open(ids) as file:
        return [line.split() for line in file], answer


def held_bookings(installation, count):
    """Bookings of a new event, with their owners."""
    return taken(installation, claim_requests(installation, *installation.event(CAPACITY), count))[0]


def payment_requests(bookings, headers=""):
    """Payments of these bookings by their owners."""
    owners = {user: token(user) for _, user in bookings}
    return [
        request("POST", f"/v1/bookings/{booking}/payments", owners[user], CARD, key=True, headers=headers)
        for booking, user in bookings]
