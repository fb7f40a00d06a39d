"""Yardsticks that Usher is compared with, measured in the same run.

F: the kernel's part of a request (floor.c): the CPU of a server that parses nothing.
B: bare_claim.lua, a claim script without key, limit, record and outbox, by `redis-benchmark -P 16 -c 64` on the same Redis.
U: PostgreSQL alone, used well (postgres_claims.sql), by pgbench with prepared statements and fsync on; the best of several
numbers of clients counts, as a tuned pool would have it.
"""
import os
import socket
import subprocess
import time

from installation import free_port
from measure import cpu_seconds
from tools import HERE, MARK, arrive, compiled

# pgbench's scripts, and the numbers of clients to try.
COUNTER = "SELECT alone.claim_from_counter(gen_random_uuid(), 'user-' || :user, 'key-' || :key);", (4, 8)
UNITS = "SELECT alone.claim_unit(gen_random_uuid(), 'user-' || :user, 'key-' || :key, :start);", (8, 16, 50)
VARIABLES = """\\set user random(1, 100000000)
\\set key random(1, 9000000000000000)
\\set start random(1, 400000)
"""


def floor_microseconds(installation, requests, connections=256, seconds=2):
    """F for answers as long as Usher's to these requests: CPU per request."""
    port = free_port()
    process = subprocess.Popen([compiled("floor"), str(port), str(answer_bytes(installation, requests[0]))])
    try:
        await_port(port)
        before = cpu_seconds(process.pid)
        answer = arrive(installation, requests, connections, seconds, port=port)
        assert answer["good"] and answer["broken"] == 0, answer
        return (cpu_seconds(process.pid) - before) / answer["good"] * 1e6
    finally:
        process.kill()
        process.wait()


def await_port(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise SystemExit("floor did not start")


def answer_bytes(installation, text):
    """Length of Usher's answer to a request, including the head."""
    with socket.create_connection(("127.0.0.1", installation.port), timeout=30) as connection:
        connection.sendall(text.replace(MARK, os.urandom(8).hex().encode()))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return len(head) + 4 + length


def bare_claims(installation, count=100_000):
    """B: claims a second, and Redis's CPU per claim in microseconds."""
    with open(os.path.join(HERE, "bare_claim.lua")) as file:
        script = installation.redis("SCRIPT", "LOAD", file.read())
    installation.redis("SET", "bare:free", "1000000000")
    before = cpu_seconds(installation.pid("redis"))
    printed = subprocess.run(
        ["redis-benchmark", "-p", str(installation.redis_port), "-P", "16", "-c", "64", "-n", str(count), "-r", "1000000000",
         "--csv", "EVALSHA", script, "2", "bare:free", "bare:hold:__rand_int__", "1", "user-__rand_int__", "600000"],
        capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(installation.pid("redis")) - before
    claimed = 1_000_000_000 - int(installation.redis("GET", "bare:free"))
    assert claimed == count, f"{claimed} of {count} calls claimed something"
    return float(printed.strip().splitlines()[-1].split('","')[1]), spent / count * 1e6


def prepare_postgres(installation):
    """Creates new tables, because data of earlier claims would slow down later ones."""
    with open(os.path.join(HERE, "postgres_claims.sql")) as file:
        installation.sql(file.read())


def postgres_claims(installation, design, seconds=3):
    """U: claims a second of a design, and the number of clients."""
    statement, clients = design
    path = os.path.join(installation.directory, "pgbench.sql")
    with open(path, "w") as file:
        file.write(VARIABLES + statement + "\n")
    return max((_pgbench(installation, path, count, seconds), count) for count in clients)


def _pgbench(installation, path, clients, seconds):
    held = "SELECT count(*) FROM alone.bookings"
    before = int(installation.sql(held))
    printed = subprocess.run(
        ["pgbench", "--no-vacuum", "--protocol=prepared", "--client", str(clients), "--jobs", "2", "--time", str(seconds),
         "--file", path, installation.database], capture_output=True, text=True, check=True).stdout
    claims = int(next(
        line.split(":")[1].split("/")[0] for line in printed.splitlines() if line.startswith("number of transactions act")))
    assert int(installation.sql(held)) - before >= 0.99 * claims, "calls did not claim anything"
    return next(float(line.split()[2]) for line in printed.splitlines() if line.startswith("tps ="))
