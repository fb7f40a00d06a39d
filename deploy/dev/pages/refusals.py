"""Error messages are visible: nothing covers them, and they do not look like plain text."""

import json

from playwright.sync_api import expect

# More rows than fit on a screen: the basket covers the end of the hall.
ROWS = 16
# Desktop and phone, light and dark.
LOOKS = [(1280, 900, False), (1280, 900, True), (390, 844, False), (390, 844, True)]


def is_seen(page, text, name):
    error = page.locator(".error:visible")
    expect(error).to_contain_text(text)
    found = error.evaluate("""(error) => {
        const box = error.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const [own, plain] = [error, document.body].map((element) => getComputedStyle(element));
        return { hit: hit === error, over: hit?.outerHTML.slice(0, 80), color: own.color, plain: plain.color,
                 ground: own.backgroundColor, around: getComputedStyle(error.parentElement).backgroundColor };
    }""")
    assert found["hit"], f"{name}: under {found['over']}"
    assert found["color"] != found["plain"] and found["ground"] != found["around"], f"{name}: plain: {found}"


def each(stage, page, event, name):
    """Alice on an event's page, in every size and colour scheme."""
    for width, height, dark in LOOKS:
        alice = page(width, height, dark=dark)
        stage.open(alice, f"/#/events/{event['number']}")
        stage.sign_in(alice)
        alice.get_by_text("Live", exact=True).wait_for()
        yield alice, f"{name}-{width}-{'dark' if dark else 'light'}"


def hold_seat(page, number):
    page.get_by_role("gridcell", name=f"row A seat {number}, available").click()
    page.get_by_role("button", name="Hold 1 ticket").click()


def test_more_tickets_than_allowed(stage, page):
    for width, height, dark in LOOKS:
        event = stage.hall("Few each", rows=ROWS, maxTicketsPerUser=3)
        alice = page(width, height, dark=dark)
        stage.open(alice, f"/#/events/{event['number']}")
        stage.sign_in(alice)
        alice.get_by_text("Live", exact=True).wait_for()
        for seat in (1, 2):
            alice.get_by_role("gridcell", name=f"row D seat {seat}, available").click()
        # Meanwhile she books elsewhere, so that these would exceed her limit.
        stage.book(event, [{"seatIds": [seat["id"] for seat in stage.seats(event)[:2]]}], stage.login())
        alice.get_by_role("button", name="Hold 2 tickets").click()
        is_seen(alice, "You can have at most 3 tickets for this event.", "ticket-limit")
        stage.picture(alice, f"refused-ticket-limit-{width}-{'dark' if dark else 'light'}")


def test_no_seats_side_by_side(stage, page):
    event = stage.hall("Gaps", rows=ROWS, seats=6, maxTicketsPerUser=None)
    odd = [seat["id"] for seat in stage.seats(event) if int(seat["number"]) % 2]
    stage.book(event, [{"seatIds": odd}], stage.token("odd"))
    for alice, name in each(stage, page, event, "no-adjacent-seats"):
        alice.get_by_label("Seats together").fill("2")
        alice.get_by_role("button", name="Hold the best in Floor").click()
        is_seen(alice, "not that many free seats next to each other", name)


def test_held_by_others(stage, page):
    event = stage.hall("All held", rows=ROWS, seats=4, maxTicketsPerUser=None)
    stage.book(event, [{"seatIds": [seat["id"] for seat in stage.seats(event)]}], stage.token("holder"), paid=False)
    for alice, name in each(stage, page, event, "held-by-others"):
        alice.get_by_role("button", name="Hold the best in Floor").click()
        is_seen(alice, "reserved by other customers", name)


def test_one_booking_each(stage, page):
    event = stage.hall("Once only", rows=ROWS, maxBookingsPerUser=1)
    stage.book(event, [{"seatIds": [stage.seats(event)[-1]["id"]]}], stage.login())
    for alice, name in each(stage, page, event, "already-booked"):
        hold_seat(alice, 1)
        is_seen(alice, "You can have at most 1 booking for this event.", name)


def test_a_server_that_cannot_book_and_one_that_is_out_of_reach(stage, page):
    event = stage.hall("Away", rows=ROWS)
    body = json.dumps({"type": "about:blank", "title": "Away", "status": 503, "detail": "", "code": "inventory-unavailable",
                       "retryable": True})
    for alice, name in each(stage, page, event, "away"):
        alice.route("**/v1/bookings", lambda route: route.fulfill(
            status=503, headers={"Content-Type": "application/problem+json", "Retry-After": "1"}, body=body)
            if route.request.method == "POST" else route.fallback())
        hold_seat(alice, 1)
        is_seen(alice, "Booking is paused", name)
        alice.unroute("**/v1/bookings")
        expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
        alice.get_by_role("button", name="Release tickets").click()
        alice.get_by_role("dialog").get_by_role("button", name="Release tickets").click()
        expect(alice.get_by_role("gridcell", name="row A seat 2, available")).to_be_visible()
        alice.context.set_offline(True)
        alice.get_by_role("gridcell", name="row A seat 2, available").click()
        alice.get_by_role("button", name="Hold 1 ticket").click()
        is_seen(alice, "The server cannot be reached", f"{name}-offline")
        stage.picture(alice, f"refused-{name}-offline")
        alice.context.set_offline(False)
        expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
        alice.get_by_role("button", name="Release tickets").click()
        alice.get_by_role("dialog").get_by_role("button", name="Release tickets").click()
        expect(alice.locator("h1")).to_have_text("Away")


def test_refusals_of_forms(stage, page):
    event = stage.event("Forms")
    for number, (width, height, dark) in enumerate(LOOKS):
        one = page(width, height, dark=dark)
        stage.open(one, f"/#/events/{event['number']}")
        one.get_by_role("button", name="Sign in", exact=True).click()
        one.get_by_label("E-mail").fill(f"nobody{number}@example.com")
        one.get_by_label("Password").fill("wrong horse 1")
        one.get_by_role("dialog").get_by_role("button", name="Sign in", exact=True).click()
        is_seen(one, "The e-mail address or the password is wrong.", "sign-in")
        one.get_by_role("dialog").get_by_role("button", name="Bob", exact=True).click()
        expect(one.get_by_text("Sign out")).to_be_visible()
        one.get_by_role("button", name="One Standing more").click()
        one.get_by_role("button", name="Hold 1 ticket").click()
        # Invalid card numbers are detected without calling the bank.
        one.get_by_label("Card number").fill("1234 5678 9012 3456")
        one.get_by_role("button", name="Pay $25.00").click()
        is_seen(one, "This is not a valid card number.", "luhn")
        one.get_by_label("Card number").fill("4000 0000 0000 0002")
        one.get_by_role("button", name="Pay $25.00").click()
        is_seen(one, "The card was declined", "declined")
        one.locator(".pay").get_by_role("button", name="Release tickets").click()
        one.get_by_role("dialog").get_by_role("button", name="Release tickets").click()
        expect(one.locator("h1")).to_have_text("Forms")
