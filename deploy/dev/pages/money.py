"""Texts about money; free tickets need no card."""

import re

from playwright.sync_api import expect


def test_simulated_payments_are_announced(stage, page):
    event = stage.event("No money")
    for width, dark in ((1280, False), (390, True)):
        one = page(width, 844, dark=dark)
        for path in ("/", f"/#/events/{event['number']}", "/#/bookings"):
            stage.open(one, path)
            expect(one.get_by_text("payments are simulated")).to_be_visible()
        stage.open(one, f"/#/events/{event['number']}")
        stage.sign_in(one)
        one.get_by_role("button", name="One Standing more").click()
        one.get_by_role("button", name="Hold 1 ticket").click()
        expect(one.get_by_text("Do not enter the number of a real card.")).to_be_visible()
        one.locator(".pay").get_by_role("button", name="Release tickets").click()
        one.get_by_role("dialog").get_by_role("button", name="Release tickets").click()
        expect(one.locator("h1")).to_have_text("No money")


def test_real_payments_are_not_called_simulated(stage, page):
    one = page()
    one.route("**/v1/demo", lambda route: route.fulfill(json={"paymentProvider": "stripe", "users": [], "cards": []}))
    stage.open(one)
    expect(one.get_by_role("article").first).to_be_visible()
    expect(one.get_by_text("payments are simulated")).to_be_hidden()


def test_a_number_that_is_no_cards_is_not_sent(stage, page):
    event = stage.event("Typing errors")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    stage.sign_in(one)
    one.get_by_role("button", name="One Standing more").click()
    one.get_by_role("button", name="Hold 1 ticket").click()
    sent = []
    one.on("request", lambda request: sent.append(request.url) if request.url.endswith("/payments") else None)
    for number in ("1234 5678 9012 3456", "4242 4242 4242 4243", "4242", ""):
        one.get_by_label("Card number").fill(number)
        one.get_by_role("button", name="Pay $25.00").click()
        expect(one.get_by_role("alert")).to_have_text("This is not a valid card number. Check the digits.")
        expect(one.get_by_label("Card number")).to_be_focused()
    assert not sent
    one.get_by_label("Card number").fill("4000 0000 0000 9995")
    one.get_by_role("button", name="Pay $25.00").click()
    expect(one.get_by_role("alert")).to_contain_text("not enough money")
    assert len(sent) == 1


def test_free_tickets_need_no_card(stage, page):
    event = stage.event("Open day", tiers=[{"name": "Entry", "kind": "general", "unitAmount": 0, "capacity": 50}])
    one = page()
    stage.open(one, "/#/?search=open%20day")
    expect(one.get_by_role("article").filter(has_text="Open day")).to_contain_text("Free")
    stage.open(one, f"/#/events/{event['number']}")
    stage.sign_in(one)
    one.get_by_role("button", name="One Entry more").click()
    one.get_by_role("button", name="Hold 1 ticket").click()
    expect(one.get_by_text("There is nothing to pay.")).to_be_visible()
    expect(one.get_by_label("Card number")).to_have_count(0)
    stage.picture(one, "free")
    one.get_by_role("button", name="Get tickets").click()
    expect(one.locator("h1")).to_have_text("You have your tickets")
    expect(one.get_by_role("article", name="Ticket")).to_contain_text(re.compile("Booked.*Free", re.S))
