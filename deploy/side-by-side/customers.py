"""Customers who send requests to either copy, retry them as clients do, and check the answers."""
import http.client
import json
import time

# Documented codes of 503.
AWAY = {"inventory-recovering", "inventory-unavailable", "outcome-unknown", "overloaded"}
# How long to retry a request after 503, and to wait for a payment; seconds.
PATIENCE = 60

class Failure(Exception):
    """An undocumented answer, or a missing one."""


class Customer:
    """One customer; each request goes to either copy."""

    def __init__(self, versions, record, dice):
        self.versions, self.record, self.dice = versions, record, dice
        self.bearer = dice.choice(record.tokens)
        self.connections = {}
        self.flushes = versions.flushes

    @property
    def has_lost(self):
        """Whether Redis was flushed since, so that unpersisted changes may be gone."""
        return self.flushes != self.versions.flushes

    def close(self):
        for connection, _ in self.connections.values():
            connection.close()

    def send(self, copy, method, path, body, key):
        """Sends one request; returns status, headers, body. None if the copy was being restarted meanwhile."""
        versions = self.versions
        if copy not in self.connections:
            self.connections[copy] = (
                http.client.HTTPConnection("127.0.0.1", versions.ports[copy], timeout=40), versions.ready[copy])
        connection, opened = self.connections[copy]
        headers = {"Authorization": f"Bearer {self.bearer}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            del self.connections[copy]
            # `opened` includes the first start: while a copy runs, starts = stops + 1.
            if versions.stopped[copy] >= opened:
                with self.record.lock:
                    self.record.dropped[type(error).__name__] += 1
                return None
            raise Failure(f"{method} {path} at copy {copy}: {error!r}, and it was not restarted") from None
        if response.getheader("Connection") == "close":
            connection.close()
            del self.connections[copy]
        return response.status, response.headers, content

    def ask(self, method, path, body=None, key=None, may_be=lambda: ()):
        """Sends a request; retries it at the other copy, with its key, after 503 or while the copy is restarted.

        `may_be` returns the codes of allowed refusals; called once there is a refusal.
        """
        deadline, copy, is_again = time.monotonic() + PATIENCE, self.dice.randrange(2), False
        while True:
            answer = self.send(copy, method, path, body, key)
            if answer is not None:
                status, headers, content = answer
                code = json.loads(content).get("code", "") if status >= 400 and content.startswith(b"{") else ""
                self.record.add(status, code, self.versions.turn)
                # The first request, whose answer was lost, may still be running.
                is_running = is_again and code == "idempotency-in-progress"
                if status < 300 or status != 503 and code in may_be():
                    return answer
                if status != 503 and not is_running:
                    raise Failure(f"{method} {path} at copy {copy}: {status} {content[:400]!r}")
                if status == 503 and (code not in AWAY or not headers.get("Retry-After")):
                    raise Failure(f"{method} {path} at copy {copy}: an undocumented 503 {content[:400]!r}")
            if time.monotonic() > deadline:
                raise Failure(f"{method} {path}: still refused after {PATIENCE} seconds: {answer}")
            copy, is_again = 1 - copy, True
            time.sleep(0.1 if answer is None else 0.5)

    def told(self, content):
        """Records what an answer promises. An older version than a known one is ignored: while a partition is
        recovered, bookings are read from PostgreSQL, which may not have their last version yet."""
        booking = json.loads(content)
        with self.record.lock:
            known = self.record.told.get(booking["id"])
            if known is None or known[0] <= booking["version"]:
                self.record.told[booking["id"]] = (booking["version"], booking["persisted"], booking["status"])
        return booking

    def repeat(self, method, path, body, key, first, what, may_be=lambda: ()):
        """Repeats the request with its key at either copy: the answer must be the first one, byte for byte."""
        again = self.ask(method, path, body, key, may_be)
        if again[0] == first[0] and again[2] == first[2] and again[1].get("Idempotent-Replayed") == "true":
            return self.record.note(f"{what}: replayed byte for byte")
        if self.has_lost:
            return self.record.note(f"{what}: answered anew after FLUSHALL")
        if what != "claim" and again[0] < 300 and self.is_rebuilt(json.loads(first[2]), json.loads(again[2])):
            return self.record.note(f"{what}: rebuilt from the booking")
        raise Failure(f"{what} repeated under its key: {first[0]} {first[2][:600]!r}, then {again[0]} "
                      f"{again[1].get('Idempotent-Replayed')} {again[2][:600]!r}")

    @staticmethod
    def is_rebuilt(first, again):
        """Whether it is the same booking: if a copy ended before it stored the answer, the replay is built from the booking."""
        differing = {name for name, value in first.items() if again.get(name) != value}
        return differing <= {"persisted", "version", "updatedAt", "payment", "availability"}
