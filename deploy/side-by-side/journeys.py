"""Customers' journeys, started at a rate."""
import json
import random
import time
import uuid

from customers import PATIENCE, Customer, Failure

CARD, DECLINED = "4242424242424242", "4000000000000002"
HOLD_SECONDS = 120
# After this many seconds a hold may expire before the next request arrives.
HOLD_IS_SAFE = 90


class Journey(Customer):
    """One customer's way through the API."""

    def __init__(self, versions, record, events, dice):
        super().__init__(versions, record, dice)
        self.events = events
        self.safe = time.monotonic() + HOLD_IS_SAFE

    def items(self, event):
        """Items of the claim: units, the best seats, or both."""
        general, seated = event["tiers"]
        kind = self.dice.random()
        units = {"tierId": general["id"], "quantity": self.dice.randint(1, 4)}
        seats = {"tierId": seated["id"], "bestAvailable": self.dice.randint(1, 3)}
        return [units] if kind < 0.65 else [seats] if kind < 0.85 else [units, seats]

    def gone(self):
        """Allowed refusal codes for a booking that was lost with Redis, or expired while a request was retried."""
        if self.has_lost or time.monotonic() > self.safe:
            return ("hold-expired", "booking-not-found", "invalid-state", "extend-limit")
        return ()

    def go(self):
        """A claim and the following requests, each at either copy."""
        event, dice = self.dice.choice(self.events), self.dice
        draft = {"eventId": event["id"], "items": self.items(event)}
        key = str(uuid.uuid4())
        if dice.random() < 0.15:
            return self.one_shot(draft, key)
        claimed = self.ask("POST", "/v1/bookings", draft, key)
        booking = self.told(claimed[2])
        path = f"/v1/bookings/{booking['id']}"
        if dice.random() < 0.5:
            self.repeat("POST", "/v1/bookings", draft, key, claimed, "claim")
        self.read(path)
        if dice.random() < 0.3:
            self.change(path + "/extend", {}, "extension")
            if dice.random() < 0.5:
                self.repeat("POST", "/v1/bookings", draft, key, claimed, "claim")
        if booking["items"][0]["quantity"] > 1 and not booking["items"][0]["seats"] and dice.random() < 0.2:
            tier = booking["items"][0]["tierId"]
            self.change(f"{path}/items/{tier}/cancel", {"quantity": 1}, "partial cancellation")
            if dice.random() < 0.5:
                self.repeat("POST", "/v1/bookings", draft, key, claimed, "claim")
        what = dice.random()
        if what < 0.65:
            self.pay(path, draft, key, claimed)
        elif what < 0.85:
            self.change(path + "/cancel", {}, "cancellation")
        self.read(path)

    def read(self, path):
        answer = self.ask("GET", path, may_be=self.gone)
        if answer[0] == 200:
            self.told(answer[2])
        return answer

    def change(self, path, body, what):
        key = str(uuid.uuid4())
        first = self.ask("POST", path, body, key, self.gone)
        if first[0] >= 300:
            return False
        self.told(first[2])
        if self.dice.random() < 0.4:
            self.repeat("POST", path, body, key, first, what, self.gone)
        return True

    def pay(self, path, draft, claim_key, claimed):
        if self.dice.random() < 0.1:
            self.ask("POST", path + "/payments", {"cardNumber": DECLINED}, str(uuid.uuid4()),
                     lambda: ("payment-declined", *self.gone()))
        if not self.change(path + "/payments", {"cardNumber": CARD}, "payment"):
            return
        if self.settled(path) == "CONFIRMED":
            if self.dice.random() < 0.3:
                self.repeat("POST", "/v1/bookings", draft, claim_key, claimed, "claim")
            if self.dice.random() < 0.15:
                self.change(path + "/cancel", {}, "cancellation")

    def settled(self, path):
        """Waits until a payment is confirmed and persisted; returns the booking's last answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.read(path)
            if answer[0] == 200:
                booking = json.loads(answer[2])
                if booking["status"] != "PENDING_PAYMENT" and booking["persisted"]:
                    return booking["status"]
            if answer[0] == 404 or time.monotonic() > deadline:
                if self.has_lost:
                    return None
                raise Failure(f"{path} is not settled: {answer[0]} {answer[2][:400]!r}")
            time.sleep(0.3)

    def one_shot(self, draft, key):
        draft["payment"] = {"cardNumber": CARD}
        first = self.ask("POST", "/v1/bookings", draft, key)
        booking = self.told(first[2])
        if self.settled(f"/v1/bookings/{booking['id']}") == "CONFIRMED" and self.dice.random() < 0.5:
            self.repeat("POST", "/v1/bookings", draft, key, first, "one shot")


def work(versions, record, events, rate, stop, seed):
    """Starts journeys at a rate, independent of earlier ones; a late one starts at once, or is skipped."""
    dice = random.Random(seed)
    due = time.monotonic() + dice.random() / rate
    while not stop.is_set():
        if stop.wait(max(0, due - time.monotonic())):
            return
        due += dice.expovariate(rate)
        if due < time.monotonic() - 5:
            record.late += 1
            due = time.monotonic()
        journey = Journey(versions, record, events, dice)
        try:
            journey.go()
        except Failure as failure:
            record.fail(str(failure))
        except Exception as error:  # noqa: BLE001
            record.fail(f"{error!r}")
        finally:
            journey.close()
