"""A whole Usher in private directories on loopback ports, for one measurement; all processes end with it."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USHER = os.environ.get("USHER", os.path.join(ROOT, ".build/release/usher"))
SECRET = "a secret of the benchmark and of nothing else"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_descriptors():
    """Raises the limit of descriptors to the maximum, for many connections."""
    for limit in (70_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        try:
            return resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        except (ValueError, PermissionError):
            continue


def token(subject, role="customer", lifetime=7200):
    """An access token as printed by `usher token`; fast enough for thousands."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {"iss": "usher", "aud": "usher", "sub": subject, "roles": [role], "iat": now, "exp": now + lifetime}
    signed = part(b'{"alg":"HS256","typ":"at+jwt"}') + b"." + part(json.dumps(claims, separators=(",", ":")).encode())
    return (signed + b"." + part(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())).decode()


class Installation:
    """Redis (`appendfsync always`), PostgreSQL (fsync on) and Usher; use it in a `with` statement."""

    # Command prefix of `redis-server`.
    redis_prefix = ()

    def __init__(self, serves=1, environment=None):
        raise_descriptors()
        self.directory = tempfile.mkdtemp(prefix="usher-bench-")
        os.chmod(self.directory, 0o755)
        self.processes = {}
        self.environment = {
            **os.environ, "USHER_JWT_SECRET": SECRET, "USHER_LOG": "warning", "USHER_OUTBOX_LIMIT": "100000000",
            "USHER_PAYMENT_GATEWAY": "simulated",
            # All requests come from one address; the limit of principals keeps its default.
            "USHER_RATE_LIMIT": "60/10s,1000000/10s", "USHER_ADDRESS_CONNECTIONS": "off", "USHER_ADDRESS_STREAMS": "off", "USHER_REGISTRATION_LIMIT": "off",
            "USHER_DECLINE_LIMIT": "off",
            **(environment or {}),
        }
        self.serves = serves
        self.admin = token("bench-admin", "admin")

    def __enter__(self):
        try:
            self._redis()
            self._postgres()
            self.environment["REDIS_URL"] = f"redis://127.0.0.1:{self.redis_port}"
            self.environment["DATABASE_URL"] = self.database
            self._run([USHER, "migrate"])
            self.start_reconciler()
            self.ports = []
            for index in range(self.serves):
                self.ports.append(free_port())
                self.start_serve(index)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for name in reversed(list(self.processes)):
            self.stop(name)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    # Processes

    def start(self, name, command, **options):
        log = open(os.path.join(self.directory, f"{name}.log"), "ab")
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)
        log.close()

    def stop(self, name):
        process = self.processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        # SIGINT is PostgreSQL's fast shutdown.
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def pid(self, name):
        return self.processes[name].pid

    def wait(self, name, check, seconds=60):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                if check():
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        with open(os.path.join(self.directory, f"{name}.log")) as log:
            raise SystemExit(f"{name} did not start:\n{log.read()[-2000:]}")

    def _run(self, command, **options):
        subprocess.run(command, env=self.environment, stdout=subprocess.DEVNULL, check=True, **options)

    # The stores

    def _redis(self):
        self.redis_port = free_port()
        data = os.path.join(self.directory, "redis")
        os.mkdir(data)
        # No rewrite of the append-only file and no snapshot may disturb only one side of a ratio.
        self.start("redis", [
            *self.redis_prefix, "redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes",
            "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", "", "--maxmemory-policy",
            "noeviction", "--maxclients", "10000"])
        self.wait("redis", lambda: self.redis("PING") == "PONG")

    def redis(self, *arguments):
        """Runs one command; returns the output of `redis-cli`."""
        return subprocess.run(
            ["redis-cli", "-p", str(self.redis_port), *arguments], capture_output=True, text=True).stdout.strip()

    def _postgres(self):
        self.postgres_port = free_port()
        self.database = f"postgresql://usher@127.0.0.1:{self.postgres_port}/postgres"
        data = os.path.join(self.directory, "postgres")
        os.mkdir(data)
        options = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
            options = {"user": user.pw_uid, "group": user.pw_gid, "cwd": "/"}
        binaries = sorted(
            (f"/usr/lib/postgresql/{entry}/bin" for entry in os.listdir("/usr/lib/postgresql")), reverse=True)[0]
        subprocess.run(
            [f"{binaries}/initdb", "-D", data, "--username=usher", "--auth=trust", "--encoding=UTF8",
             "--locale=C.UTF-8"], stdout=subprocess.DEVNULL, check=True, **options)
        self.start("postgres", [
            f"{binaries}/postgres", "-D", data, "-p", str(self.postgres_port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "max_connections=200"], **options)
        self.wait("postgres", lambda: subprocess.run(
            ["pg_isready", "--quiet", "--dbname", self.database]).returncode == 0)

    def sql(self, text):
        """Runs SQL; returns the unaligned output of `psql`."""
        return subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname",
             self.database], input=text, capture_output=True, text=True, check=True).stdout.strip()

    # Usher

    def start_reconciler(self, environment=None):
        self.metrics_port = free_port()
        self.start("reconcile", [USHER, "reconcile"], env={
            **self.environment, "USHER_METRICS_PORT": str(self.metrics_port), **(environment or {})})

    def start_serve(self, index=0, command=(USHER, "serve"), environment=None):
        """Starts a copy of `serve`, or replaces a stopped one."""
        name = f"serve{index}"
        self.start(name, command, env={**self.environment, "PORT": str(self.ports[index]), **(environment or {})})
        self.wait(name, lambda: self.call("GET", "/readyz", port=self.ports[index])[0] == 200)

    @property
    def port(self):
        return self.ports[0]

    def call(self, method, path, body=None, port=None, bearer=None):
        """Sends one request; returns status and JSON. Waits and retries after 429."""
        status, answer = self.call_once(method, path, body, port, bearer)
        while status == 429:
            time.sleep(0.5)
            status, answer = self.call_once(method, path, body, port, bearer)
        return status, answer

    def call_once(self, method, path, body, port, bearer):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        headers = {"Authorization": f"Bearer {bearer or self.admin}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text.startswith((b"{", b"[")) else text

    def event(self, capacity, title="Bench", **members):
        """Creates a published event with one general tier; returns its id and the tier's."""
        status, event = self.call("POST", "/v1/events", {
            "title": title, "startsAt": "2099-01-01T20:00:00.000Z", "currency": "USD", "publish": True,
            "maxTicketsPerUser": 1_000_000, "maxBookingsPerUser": 1_000_000,
            "tiers": [{"name": "Standing", "kind": "general", "unitAmount": 4999, "capacity": capacity}], **members})
        assert status == 201, event
        return event["id"], event["tiers"][0]["id"]

    def held(self, event):
        """Units of an event that are held or sold, as Redis counts them."""
        return sum(tier["held"] + tier["sold"] for tier in self.call("GET", f"/v1/events/{event}/availability")[1]["tiers"])

    def drain_outbox(self, patience=120):
        """Waits until PostgreSQL has everything."""
        deadline = time.time() + patience
        while time.time() < deadline:
            try:
                text = self.call("GET", "/metrics", port=self.metrics_port)[1].decode()
            except OSError:
                # It is still starting.
                text = ""
            lag = [line.split()[-1] for line in text.splitlines() if line.startswith("usher_outbox_lag_entries ")]
            if lag and float(lag[0]) == 0:
                return
            time.sleep(0.1)
        raise SystemExit("the outbox was not persisted in time")
