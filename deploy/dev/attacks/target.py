"""A whole Usher with production settings, and clients with a loopback address of their choice."""
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
from installation import USHER, Installation, token  # noqa: E402, F401

ATTACKER, HONEST = "127.0.0.2", "127.0.0.3"


def target(**environment):
    """The installation, without the benchmark's exemptions from limits."""
    return Installation(environment={
        "USHER_ADDRESS_CONNECTIONS": "", "USHER_ADDRESS_STREAMS": "", "USHER_REGISTRATION_LIMIT": "",
        "USHER_RATE_LIMIT": "", "USHER_LOOPS": "2", **environment})


def connect(port, source, patience=15):
    return socket.create_connection(("127.0.0.1", port), timeout=patience, source_address=(source, 0))


def ask(port, source, method, path, body=None, bearer=None, patience=15):
    """Sends one request on a new connection; returns status (0: no answer) and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience, source_address=(source, 0))
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


def resident(pid):
    """Resident memory of a process in MB; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0


def counts(values):
    """The count of each value, as text."""
    return ", ".join(f"{value}: {values.count(value)}" for value in sorted(set(values))) or "none"
