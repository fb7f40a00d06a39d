"""Lets Usher charge through a provider with an API like Stripe's; run it beside Usher and set USHER_PAYMENT_GATEWAY to its URL."""
import json
import os
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROVIDER, SECRET = os.environ["PROVIDER_URL"], os.environ["PROVIDER_SECRET"]
# Each order is stored on disk before the provider is called, so that a lookup can repeat the call with the same key.
orders = sqlite3.connect(os.environ.get("ADAPTER_DATABASE", "adapter.db"), check_same_thread=False, isolation_level=None)
orders.executescript("PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS orders (key TEXT PRIMARY KEY, body TEXT NOT NULL)")


def ask(path, form, key):
    """Calls the provider, which executes a key once. Raises if there is no answer: Usher then retries."""
    headers = {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": key}
    request = urllib.request.Request(PROVIDER + path, urllib.parse.urlencode(form).encode(), headers)
    try:
        return json.load(urllib.request.urlopen(request, timeout=4))
    except urllib.error.HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise
        return json.load(error)


def charge(order):
    """Charges, or looks up the outcome of the charge."""
    answer = ask("/payment_intents", {
        "amount": order["amount"], "currency": order["currency"].lower(), "confirm": "true",
        "payment_method": order.get("token", order.get("card")), "metadata[booking]": order["bookingId"]}, order["key"])
    known = {"key": order["key"], "amount": answer.get("amount", order["amount"]), "currency": order["currency"]}
    if answer.get("status") == "succeeded":
        return 200, known | {"status": "succeeded", "transactionId": answer["id"]}
    if answer.get("status") == "processing":
        return 202, known | {"status": "pending"}
    error = answer.get("error", {})
    return 200, known | {"status": "declined", "code": error.get("decline_code", error.get("code", "generic_decline"))}


def refund(order):
    """Refunds up to the total `to`; the key and that total identify the refund."""
    answer = ask("/refunds", {"payment_intent": order["transactionId"], "amount": order["to"] - order["from"]},
                 f"{order['key']}-{order['to']}")
    if answer.get("status") in ("succeeded", "pending"):
        return 200, {"transactionId": order["transactionId"], "status": "refunded", "refunded": order["to"]}
    return 200, {"transactionId": order["transactionId"], "status": "refused", "code": answer["error"]["code"]}


class Adapter(BaseHTTPRequestHandler):
    """The protocol of `usher payments-sim --help`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        order = json.loads(body)
        if self.path == "/charges":
            orders.execute("INSERT OR IGNORE INTO orders VALUES (?, ?)", (order["key"], body.decode()))
        self.reply(*{"/charges": charge, "/refunds": refund}[self.path](order))

    def do_GET(self):
        order = orders.execute("SELECT body FROM orders WHERE key = ?", (self.path.removeprefix("/charges/"),)).fetchone()
        self.reply(*charge(json.loads(order[0])) if order else (404, {"code": "charge-not-found"}))

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9091"))), Adapter).serve_forever()
