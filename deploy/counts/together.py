"""Requests that reach a server at the same time."""
import os
import signal
import socket


class Together:
    """Keep-alive connections to a process. It is stopped while a request is written to each connection, so that it reads all
    of them in one turn of its loop and sends them to Redis together."""

    def __init__(self, pid, port, connections):
        self.pid = pid
        self.connections = [socket.create_connection(("127.0.0.1", port), timeout=120) for _ in range(connections)]
        for connection in self.connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        for connection in self.connections:
            connection.close()

    def send(self, requests):
        """Sends one request over each connection; returns status and body of each answer."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            for connection, request in zip(self.connections, requests, strict=True):
                connection.sendall(request)
        finally:
            os.kill(self.pid, signal.SIGCONT)
        return [answer(connection) for connection in self.connections]


def answer(connection):
    """Status and body of the next answer, which has Content-Length."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += received(connection)
    head, body = text.split(b"\r\n\r\n", 1)
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += received(connection)
    return int(head.split()[1]), body


def received(connection):
    data = connection.recv(65536)
    assert data, "the server closed a connection"
    return data
