"""The programs that drive either side of a ratio."""
import ast
import json
import os
import re
import shutil
import socket
import subprocess
import uuid
from dataclasses import dataclass

from installation import ROOT, token
from measure import cpu_seconds

HERE = os.path.dirname(os.path.abspath(__file__))
# Few enough that the rate limit of each is not reached, and that their tokens are remembered.
USERS = 8000
# What `arrive` puts a number in the place of.
MARK = b"#" * 16
PLACEHOLDER = "__rand_int__"
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass
class Load:
    """What a closed loop of clients brought about."""

    good: int
    refused: int
    seconds: float
    server_cpu: float
    redis_cpu: float

    @property
    def rate(self):
        return self.good / self.seconds

    @property
    def refusals(self):
        return self.refused / self.seconds

    def server_microseconds(self):
        return self.server_cpu / self.good * 1e6

    def redis_microseconds(self):
        return self.redis_cpu / self.good * 1e6


def tokens(installation):
    """A file of one token a line, of many users."""
    path = os.path.join(installation.directory, "tokens")
    if not os.path.exists(path):
        with open(path, "w") as file:
            file.writelines(token(f"user-{index:07}") + "\n" for index in range(USERS))
    return path


def wrk(installation, event, tier, seconds=5, connections=256, get=None, ports=None):
    """Claims as fast as they are answered; with `get` requests of that path with the same headers."""
    ports = ports or [installation.port]
    serves = [installation.pid(name) for name in installation.processes if name.startswith("serve")]
    before = [cpu_seconds(pid) for pid in serves], cpu_seconds(installation.pid("redis"))
    running = [
        subprocess.Popen(
            ["wrk", "-t", str(max(1, 2 // len(ports))), "-c", str(connections // len(ports)), "-d", f"{seconds}s", "-s",
             f"{HERE}/claims.lua", f"http://127.0.0.1:{port}", "--", tokens(installation), event, tier, uuid.uuid4().hex,
             *(["GET", get] if get else [])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for port in ports
    ]
    lines = [process.communicate()[0].strip().splitlines()[-1].split() for process in running]
    assert all(process.returncode == 0 for process in running), lines
    after = [cpu_seconds(pid) for pid in serves], cpu_seconds(installation.pid("redis"))
    requests, refused, broken = (sum(int(line[column]) for line in lines) for column in (0, 1, 3))
    assert broken == 0, f"{broken} connections failed"
    return Load(
        requests - refused, refused, max(int(line[2]) for line in lines) / 1e6, sum(after[0]) - sum(before[0]),
        after[1] - before[1])


def sampled_claim(installation, event, tier):
    """The call of `reserve` that the server makes for a lone claim, as Redis's MONITOR shows it: its arguments."""
    user, key = "user-0000000", uuid.uuid4().hex
    with socket.create_connection(("127.0.0.1", installation.redis_port)) as monitor, monitor.makefile() as lines:
        monitor.sendall(b"MONITOR\r\n")
        lines.readline()
        status, booking = installation.call(
            "POST", "/v1/bookings", {
                "eventId": event, "items": [{"tierId": tier, "quantity": 1}], "idempotencyKey": key},
            bearer=token(user))
        assert status == 201, booking
        for line in lines:
            arguments = [ast.literal_eval(f'"{text}"') for text in QUOTED.findall(line)]
            if arguments[0] == "FCALL" and any(booking["id"] in text for text in arguments):
                return arguments, booking["id"], user


def raw_claims(installation, event, tier, count):
    """The same script with one claim a call, from `redis-benchmark -P 16 -c 64`: claims a second, and Redis's CPU a
    claim in microseconds.

    Each placeholder becomes another number below USERS, so users are as many as over HTTP, and several of them make an
    id or a digest that is new. They are as long as those over HTTP.
    """
    arguments, booking, user = sampled_claim(installation, event, tier)
    digest = next(text.split(":i:")[1] for text in arguments if ":i:" in text)
    new = {booking: PLACEHOLDER * 3, digest: uuid.uuid4().hex[: len(digest) - 24] + PLACEHOLDER * 2, user: PLACEHOLDER}
    for old, placeholders in new.items():
        arguments = [text.replace(old, placeholders) for text in arguments]
    held, cpu = installation.held(event), cpu_seconds(installation.pid("redis"))
    printed = subprocess.run(
        ["redis-benchmark", "-p", str(installation.redis_port), "-P", "16", "-c", "64", "-n", str(count), "-r", str(USERS),
         "--csv", *arguments], capture_output=True, text=True, check=True).stdout
    cpu = cpu_seconds(installation.pid("redis")) - cpu
    calls_a_second = float(printed.strip().splitlines()[-1].split('","')[1])
    claims = installation.held(event) - held
    assert claims > 0.98 * count, f"only {claims} of {count} calls claimed something"
    return calls_a_second * claims / count, cpu / claims * 1e6


def compiled(name, *flags, directory=HERE):
    """A program of a directory in C, compiled into .build/bench when it is not there or older than its source."""
    source, program = os.path.join(directory, f"{name}.c"), os.path.join(ROOT, ".build/bench", name)
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(program), exist_ok=True)
        compiler = shutil.which("clang") or "cc"
        subprocess.run([compiler, "-O2", "-o", program, source, *flags], check=True)
    return program


def request(method, path, bearer, body=None, key=False):
    """One request as `arrive` sends it; with `key` it has an idempotency key that is used once."""
    text = json.dumps(body, separators=(",", ":")).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n"
    if key:
        head += f"Idempotency-Key: {MARK.decode()}\r\n"
    if text:
        head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return head.encode() + b"\r\n" + text


def claim_requests(installation, event, tier, count=USERS, **members):
    """Claims of one unit by many users in turn."""
    with open(tokens(installation)) as file:
        users = file.read().split()
    body = {"eventId": event, "items": [{"tierId": tier, "quantity": 1}], **members}
    return [request("POST", "/v1/bookings", users[index % len(users)], body, key=True) for index in range(count)]


def arrive(installation, requests, connections, seconds, rate=0, idle=0, backoff=0, ids=None, port=None, wait=True):
    """Runs `arrive`, see arrive.c; what it prints, or with `wait=False` the process."""
    path = os.path.join(installation.directory, f"requests-{uuid.uuid4().hex}")
    with open(path, "wb") as file:
        for text in requests:
            file.write(b"%d\n%s" % (len(text), text))
    command = [compiled("arrive"), port or installation.port, connections, seconds, rate, idle, backoff, path]
    process = subprocess.Popen(
        [str(part) for part in command + ([ids] if ids else [])], stdout=subprocess.PIPE, text=True)
    return arrived(process) if wait else process


def arrived(process):
    """What an `arrive` says at its end."""
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return json.loads(text)


def fill(installation, event, tier, count):
    """Makes so many holds, as fast as it goes."""
    answer = arrive(installation, claim_requests(installation, event, tier, count), 256, 0)
    assert answer["good"] == count, answer
