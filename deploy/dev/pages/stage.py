"""A server with private stores, and browsers."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[3]
PICTURES = ROOT / ".build/pages/pictures"


# Machines are slow while they also build.
expect.set_options(timeout=30000)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """A private redis-server that can be killed and restarted with its data."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Stage:
    """`usher dev` on a private Redis, and Chromium."""

    def __init__(self):
        self.data = tempfile.TemporaryDirectory(prefix="usher-pages")
        os.chmod(self.data.name, 0o755)
        self.redis = Redis(self.data.name)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "USHER_DATA_DIR": f"{self.data.name}/stores", "PORT": str(self.port), "USHER_PARTITIONS": "8",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}", "USHER_LOOPS": "2"}
        self.log = open(f"{self.data.name}/log", "w+", encoding="utf-8")
        self.start()
        self.admin = self.token("admin", "admin")
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        PICTURES.mkdir(parents=True, exist_ok=True)

    def start(self):
        self.server = subprocess.Popen(
            [os.environ["USHER_BINARY"], "dev"], env=self.environment, stdout=self.log, stderr=self.log)
        self.until("the server is ready", self.is_ready, 60)

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(timeout=30)

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.browser.close()
        self.playwright.stop()
        self.stop()
        self.redis.kill()
        self.log.close()
        self.data.cleanup()

    def is_ready(self):
        if self.server.poll() is not None:
            self.log.seek(0)
            raise SystemExit(self.log.read())
        try:
            return urllib.request.urlopen(f"{self.base}/readyz").status == 200
        except OSError:
            return False

    @staticmethod
    def until(what, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"timed out waiting until {what}")
            time.sleep(0.05)

    def token(self, user, role="customer"):
        command = [os.environ["USHER_BINARY"], "token", "--sub", user, "--role", role]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout.strip()

    def ask(self, method, path, body=None, token=None):
        """Sends one request without the browser; returns its JSON."""
        request = urllib.request.Request(
            self.base + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}))
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def login(self, name="Alice"):
        """An access token of a demo user."""
        user = next(one for one in self.ask("GET", "/v1/demo")["users"] if one["name"] == name)
        return self.ask("POST", "/v1/auth/login", {"email": user["email"], "password": user["password"]})["accessToken"]

    def book(self, event, items, token, paid=True):
        """Makes a booking without the browser."""
        return self.ask("POST", "/v1/bookings", {"eventId": event["id"], "items": items}
                        | ({"payment": {"cardNumber": "4242424242424242"}} if paid else {}), token)

    def seats(self, event):
        """The seats of an event, in order."""
        return self.ask("GET", f"/v1/events/{event['id']}/seats")["seats"]

    def event(self, title="A small concert", capacity=20, hold=600, **more):
        """Creates an event on sale."""
        return self.ask("POST", "/v1/events", {
            "title": title, "startsAt": "2031-05-01T18:00:00Z", "currency": "USD", "holdSeconds": hold, "publish": True,
            "tiers": [{"name": "Standing", "kind": "general", "unitAmount": 2500, "capacity": capacity}]} | more,
            self.admin)

    def hall(self, title="A small hall", rows=4, seats=8, hold=600, **more):
        """Creates an event with seats to choose."""
        layout = [{"name": "Floor", "rows": [
            {"name": chr(65 + row), "seats": [str(seat + 1) for seat in range(seats)]} for row in range(rows)]}]
        venue = self.ask("POST", "/v1/venues", {"name": "Hall", "sections": layout}, self.admin)
        return self.event(title, hold=hold, venueId=venue["id"], tiers=[
            {"name": "Floor", "kind": "seated", "unitAmount": 4000, "sections": ["Floor"]}], **more)

    def page(self, width=1280, height=900, dark=False, scripts=True, locale="en-US", zone="UTC"):
        """A new user's browser; errors logged by the page fail the test that closes it."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=locale,
            timezone_id=zone, reduced_motion="reduce", java_script_enabled=scripts)
        context.set_default_timeout(30000)
        page = context.new_page()
        page.complaints = []
        page.failures = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text)
                if line.type == "error" and "Failed to load resource" not in line.text
                and "ERR_" not in line.text else None)
        page.on("requestfailed", lambda request: page.failures.append(f"{request.url}: {request.failure}"))
        return page

    def open(self, page, path="/"):
        page.goto(self.base + path)
        page.wait_for_selector("h1")

    def sign_in(self, page, name="Alice"):
        page.get_by_role("button", name="Sign in", exact=True).first.click()
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
        page.wait_for_selector("text=Sign out")

    @staticmethod
    def picture(page, name):
        page.screenshot(path=str(PICTURES / f"{name}.png"))
