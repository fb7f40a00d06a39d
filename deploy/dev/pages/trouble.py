"""Messages of the pages while something is away, and their automatic recovery."""

import re

from playwright.sync_api import expect


def test_operations_say_that_redis_is_down_and_turn_green_again(stage, page):
    event = stage.event("In the dark", startsAt="2029-01-01T18:00:00Z")
    ops, alice = page(), page()
    stage.open(alice, f"/#/events/{event['number']}")
    stage.sign_in(alice)
    alice.get_by_text("Live", exact=True).wait_for()
    stage.open(ops, "/ops")
    expect(ops.get_by_text("Everything works")).to_be_visible()
    ops.get_by_role("button", name="Sign in as administrator").click()
    ops.get_by_role("dialog").get_by_role("button", name="Admin", exact=True).click()
    expect(ops.get_by_role("article").filter(has_text="In the dark")).to_contain_text("20 free")
    expect(ops.locator("#drift")).to_have_text("none")
    stage.picture(ops, "ops-green")
    stage.redis.kill()
    try:
        expect(ops.locator("#verdict")).to_contain_text("Redis is down")
        expect(ops.locator("#lag-age")).to_have_text("not available at present")
        stage.picture(ops, "ops-redis-down")
        expect(alice.locator("#outage")).to_contain_text("Booking is paused")
        expect(alice.locator("body")).not_to_contain_text("Redis")
        expect(alice.get_by_text("Live view is paused")).to_be_visible()
        alice.get_by_role("button", name="One Standing more").click()
        alice.get_by_role("button", name="Hold 1 ticket").click()
        expect(alice.get_by_role("alert")).to_contain_text("Booking is paused")
        stage.picture(alice, "redis-down")
    finally:
        stage.redis.start()
    expect(ops.locator("#verdict")).to_contain_text("Everything works", timeout=30000)
    # The page repeats the request with the same key.
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved", timeout=30000)
    expect(alice.locator("#outage")).to_be_hidden(timeout=30000)
    expect(ops.get_by_role("article").filter(has_text="In the dark")).to_contain_text("1 held")


def test_operations_say_what_a_signed_in_customer_lacks(stage, page):
    alice = page()
    stage.open(alice, "/ops")
    alice.get_by_role("button", name="Sign in as administrator").click()
    alice.get_by_role("dialog").get_by_role("button", name="Alice", exact=True).click()
    expect(alice.locator("#gate")).to_contain_text("You are signed in as Alice")
    expect(alice.locator("#gate")).to_contain_text("who is not an administrator")
    expect(alice.locator("#numbers")).to_be_hidden()
    stage.picture(alice, "ops-customer")
    alice.get_by_role("button", name="Sign in as somebody else").click()
    alice.get_by_role("dialog").get_by_role("button", name="Admin", exact=True).click()
    expect(alice.locator("#gate")).to_be_hidden()
    expect(alice.locator("#claims")).not_to_have_text("–")


def test_claims_are_counted_and_refusals_told_by_reason(stage, page):
    event = stage.event("Rush", capacity=3, startsAt="2029-01-01T18:00:00Z")
    ops = page()
    stage.open(ops, "/ops")
    ops.get_by_role("button", name="Sign in as administrator").click()
    ops.get_by_role("dialog").get_by_role("button", name="Admin", exact=True).click()
    expect(ops.locator("#claims")).to_have_text("0.0")
    tier = event["tiers"][0]["id"]
    for number in range(12):
        try:
            stage.ask("POST", "/v1/bookings", {
                "eventId": event["id"], "items": [{"tierId": tier, "quantity": 1}],
                "payment": {"cardNumber": "4242424242424242"}}, stage.token(f"rush-{number}"))
        except OSError:
            assert number >= 3
    expect(ops.locator("#claims")).not_to_have_text("0.0")
    expect(ops.get_by_role("listitem").filter(has_text="sold out")).to_have_text(re.compile(r"sold out\s*\d+"))
    expect(ops.get_by_role("article").filter(has_text="Rush")).to_contain_text("3 sold · 0 held · 0 free")


def test_a_copy_that_restarts_is_found_again(stage, page):
    event = stage.event("Comes back")
    alice = page()
    stage.open(alice, f"/#/events/{event['number']}")
    alice.get_by_text("Live", exact=True).wait_for()
    stage.restart()
    expect(alice.get_by_text("Live", exact=True)).to_be_visible(timeout=30000)
    tier = event["tiers"][0]["id"]
    stage.ask("POST", "/v1/bookings", {
        "eventId": event["id"], "items": [{"tierId": tier, "quantity": 4}]}, stage.token("somebody"))
    expect(alice.get_by_text("16 left")).to_be_visible()
