"""Books through the generated client; `deploy/dev/check-client` generates it and starts the server."""

import sys
import uuid

from usher_client import AuthenticatedClient, Client
from usher_client.api.accounts import register
from usher_client.api.bookings import cancel_booking, claim, get_booking, list_bookings, pay_booking
from usher_client.api.catalogue import get_availability, list_events
from usher_client.models import (
    Booking,
    BookingDraft,
    BookingStatus,
    CardPaymentDraft,
    Problem,
    ProblemCode,
    Registration,
    UnitsClaim,
)


def expect(condition, what, answer):
    if not condition:
        sys.exit(f"{what}: {answer}")


server = sys.argv[1]
visitor = Client(base_url=server)
address = f"{uuid.uuid4()}@example.com"
account = Registration(email=address, password="correct horse 1", name="Ann")
session = register.sync(client=visitor, body=account)
client = AuthenticatedClient(base_url=server, token=session.access_token)

event = next(event for event in list_events.sync(client=client).data if event.number == 2)
tier = event.tiers[0]
draft = BookingDraft(event_id=str(event.number), items=[UnitsClaim(tier_id=tier.id, quantity=2)])
key = str(uuid.uuid4())
held = claim.sync_detailed(client=client, body=draft, idempotency_key=key)
expect(held.status_code == 201 and held.parsed.status is BookingStatus.RESERVED, "hold", held)
again = claim.sync_detailed(client=client, body=draft, idempotency_key=key)
expect(again.headers.get("Idempotent-Replayed") == "true" and again.parsed.id == held.parsed.id, "replay", again)

declined = pay_booking.sync(held.parsed.id, client=client, body=CardPaymentDraft(card_number="4000000000000002"))
expect(isinstance(declined, Problem) and declined.code is ProblemCode.PAYMENT_DECLINED, "declined card", declined)
paid = pay_booking.sync_detailed(held.parsed.id, client=client, body=CardPaymentDraft(card_number="4242424242424242"))
expect(paid.status_code == 200 and paid.parsed.status is BookingStatus.CONFIRMED, "payment", paid)
expect(paid.parsed.total_amount == 2 * tier.unit_amount, "amount", paid)

found = get_booking.sync(held.parsed.id, client=client)
expect(isinstance(found, Booking) and found.confirmed_at is not None, "booking", found)
mine = list_bookings.sync(client=client, event_id=event.id)
expect([booking.id for booking in mine.data] == [found.id], "list", mine)
left = get_availability.sync(str(event.number), client=client)
expect(left.tiers[0].sold == 2, "availability", left)
cancelled = cancel_booking.sync(found.id, client=client)
expect(cancelled.status is BookingStatus.CANCELLED, "cancellation", cancelled)
missing = get_booking.sync(uuid.uuid4(), client=client)
expect(isinstance(missing, Problem) and missing.code is ProblemCode.BOOKING_NOT_FOUND, "no booking", missing)
print("The generated client held, paid and cancelled a booking.")
