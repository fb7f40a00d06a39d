"""An installation that runs two versions at once."""
import os

import installation
from installation import Installation, free_port


def other_version(binary, directory):
    """A copy of the binary whose function library has another name, because one letter of a comment differs."""
    with open(binary, "rb") as file:
        content = file.read()
    comment = b"-- announce: notes that a library"
    if content.count(comment) != 1:
        raise SystemExit("the comment to change is not in the binary; give a second binary")
    path = os.path.join(directory, "usher-b")
    with open(path, "wb") as file:
        file.write(content.replace(comment, comment.replace(b"notes", b"Notes")))
    os.chmod(path, 0o755)
    return path


class Versions(Installation):
    """Two copies of each process, each of either version, and a provider with its own ledger."""

    def __init__(self, first, second, environment=None):
        # Each customer has the default limit; all share one address.
        super().__init__(0, {
            "USHER_LOOPS": "1", "USHER_PARTITIONS": "8", "USHER_METRICS_PORT": "0",
            "USHER_WEBHOOK_SECRETS": "whsec_c2lkZS1ieS1zaWRlLXNpZGUtYnktc2lkZQ==", **(environment or {})})
        first = first or installation.USHER
        self.binaries = [first, second or other_version(first, self.directory)]
        self.runs = {"serve0": 0, "serve1": 1, "reconcile0": 0, "reconcile1": 1}
        # Per copy of `serve`: number of stops, and of times it became ready.
        self.stopped = [0, 0]
        self.ready = [0, 0]
        self.flushes = 0
        # The last flush or restart.
        self.turn = "nothing"

    def __enter__(self):
        try:
            self.redis_port = free_port()
            self.start_redis()
            self._postgres()
            self.sim_port = free_port()
            self.ports = [free_port(), free_port()]
            self.metrics = [free_port(), free_port()]
            self.start("payments-sim", [
                self.binaries[0], "payments-sim", "--port", str(self.sim_port), "--ledger",
                os.path.join(self.directory, "ledger"), "--callback",
                f"http://127.0.0.1:{self.ports[0]}/v1/payments/callback"], env=self.environment)
            self.environment.update({
                "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}", "DATABASE_URL": self.database,
                "USHER_PAYMENT_GATEWAY": f"http://127.0.0.1:{self.sim_port}"})
            self._run([self.binaries[1], "migrate"])
            for name in ("reconcile0", "reconcile1", "serve0", "serve1"):
                self.start_copy(name)
            return self
        except BaseException:
            self.__exit__()
            raise

    def start_redis(self):
        """Starts Redis with the existing append-only file; loading may take a while."""
        data = os.path.join(self.directory, "redis")
        os.makedirs(data, exist_ok=True)
        self.start("redis", [
            "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes",
            "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"])
        self.wait("redis", lambda: self.redis("PING") == "PONG")

    def start_copy(self, name):
        index, binary = int(name[-1]), self.binaries[self.runs[name]]
        if name.startswith("serve"):
            self.start_serve(index, (binary, "serve"))
            self.ready[index] += 1
        else:
            self.start(name, [binary, "reconcile"], env={
                **self.environment, "USHER_METRICS_PORT": str(self.metrics[index])})

    def restart_copy(self, name):
        """Stops a copy with SIGTERM, and starts the other version in its place."""
        if name.startswith("serve"):
            self.stopped[int(name[-1])] += 1
        self.stop(name)
        self.runs[name] = 1 - self.runs[name]
        self.start_copy(name)

    def restart_redis(self):
        self.redis("SHUTDOWN")
        self.processes.pop("redis").wait(60)
        self.start_redis()

    def flush_all(self):
        self.flushes += 1
        self.redis("FLUSHALL")

    def flush_functions(self):
        self.redis("FUNCTION", "FLUSH")

    def libraries(self):
        lines = self.redis("FUNCTION", "LIST", "LIBRARYNAME", "usher_*").splitlines()
        return sorted(lines[i + 1] for i, line in enumerate(lines) if line == "library_name")
