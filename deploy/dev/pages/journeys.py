"""Journeys through the box office."""

import re

from playwright.sync_api import expect

GOOD, DECLINED, LATE = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 0077"


def pay(page, card=GOOD):
    page.get_by_label("Card number").fill(card)
    page.get_by_role("button", name=re.compile("^Pay")).click()


def test_from_the_list_of_events_to_the_ticket_and_back(stage, page):
    event = stage.event("Moonlight Serenade")
    alice = page()
    stage.open(alice)
    expect(alice.get_by_role("status").filter(has_text="events")).to_be_visible()
    alice.get_by_label("Search").fill("moonlight")
    expect(alice.get_by_role("article")).to_have_count(1)
    alice.get_by_role("link", name="Moonlight Serenade").click()
    expect(alice.locator("h1")).to_be_focused()
    expect(alice.get_by_text("20 left")).to_be_visible()
    expect(alice.get_by_role("button", name="Hold", exact=True)).to_be_disabled()
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="One Standing more").click()
    expect(alice.get_by_text("2 tickets, $50.00")).to_be_visible()
    alice.get_by_role("button", name="Hold 2 tickets").click()
    alice.get_by_role("dialog").get_by_role("button", name="Alice", exact=True).click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    expect(alice.get_by_role("timer")).to_have_text(re.compile(r"^(9:5\d|10:00)$"))
    expect(alice.get_by_text("Test cards")).to_be_visible()
    pay(alice, DECLINED)
    expect(alice.get_by_role("alert")).to_contain_text("The card was declined")
    expect(alice.get_by_label("Card number")).to_be_focused()
    assert alice.get_by_label("Card number").get_attribute("aria-invalid") == "true"
    pay(alice)
    expect(alice.locator("h1")).to_have_text("Your tickets are paid")
    expect(alice.get_by_role("article", name="Ticket")).to_contain_text("Moonlight Serenade")
    expect(alice.get_by_text("Paid and recorded")).to_be_visible()
    tiers = stage.ask("GET", f"/v1/events/{event['id']}/availability")["tiers"]
    assert tiers[0]["sold"] == 2 and tiers[0]["available"] == 18, tiers
    alice.get_by_role("link", name="My bookings").last.click()
    row = alice.get_by_role("listitem").filter(has_text="Moonlight Serenade")
    expect(row.get_by_text("Confirmed")).to_be_visible()
    row.get_by_role("button", name="Cancel Moonlight Serenade").click()
    alice.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(row.get_by_text("Confirmed")).to_be_visible()
    row.get_by_role("button", name="Cancel Moonlight Serenade").click()
    alice.get_by_role("dialog").get_by_role("button", name="Cancel booking").click()
    expect(row.get_by_text("Cancelled")).to_be_visible()
    tiers = stage.ask("GET", f"/v1/events/{event['id']}/availability")["tiers"]
    assert tiers[0]["available"] == 20, tiers


def test_a_new_account_is_made_and_kept_over_a_reload(stage, page):
    carol = page()
    stage.open(carol)
    carol.get_by_role("button", name="Sign in", exact=True).click()
    carol.get_by_role("button", name="New here? Create account").click()
    carol.get_by_label("Name").fill("Carol")
    carol.get_by_label("E-mail").fill("carol@example.com")
    carol.get_by_label("Password").fill("short")
    carol.get_by_role("button", name="Create account", exact=True).click()
    expect(carol.get_by_role("alert")).to_have_text("The password needs at least 8 characters, with a letter and a digit.")
    expect(carol.get_by_label("Password")).to_be_focused()
    carol.get_by_label("Password").fill("correct horse 1")
    carol.get_by_role("button", name="Create account", exact=True).click()
    expect(carol.get_by_text("Carol")).to_be_visible()
    carol.reload()
    expect(carol.get_by_text("Carol")).to_be_visible()
    carol.get_by_role("button", name="Sign out").click()
    expect(carol.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    carol.get_by_role("button", name="Sign in", exact=True).click()
    carol.get_by_label("E-mail").fill("carol@example.com")
    carol.get_by_label("Password").fill("wrong horse 1")
    carol.get_by_role("dialog").get_by_role("button", name="Sign in", exact=True).click()
    expect(carol.get_by_role("alert")).to_contain_text("is wrong")


def test_seats_are_chosen_on_the_map_and_best_ones_found(stage, page):
    event = stage.hall("Chamber Music")
    alice = page()
    stage.open(alice, f"/#/events/{event['number']}")
    stage.sign_in(alice)
    alice.get_by_role("gridcell", name="row B seat 3, available").click()
    alice.get_by_role("gridcell", name="row B seat 4, available").click()
    expect(alice.get_by_text("2 tickets, $80.00")).to_be_visible()
    alice.get_by_role("button", name="Hold 2 tickets").click()
    expect(alice.get_by_text("Floor, row B, seats 3, 4")).to_be_visible()
    alice.go_back()
    expect(alice.get_by_role("gridcell", name="row B seat 3, held for you")).to_be_visible()
    alice.get_by_label("Seats together").fill("3")
    alice.get_by_role("button", name="Hold the best in Floor").click()
    alice.get_by_role("dialog").get_by_role("button", name="Keep both").click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    pay(alice)
    expect(alice.get_by_role("article", name="Ticket")).to_contain_text("Floor, row A, seats")


def test_two_browsers_want_the_same_seat(stage, page):
    event = stage.hall("Last Waltz")
    alice, bob = page(), page()
    for one, name in ((alice, "Alice"), (bob, "Bob")):
        stage.open(one, f"/#/events/{event['number']}")
        stage.sign_in(one, name)
        one.get_by_text("Live", exact=True).wait_for()
        one.get_by_role("gridcell", name="row C seat 5, available").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    # Bob's page shows it at once, and drops his choice.
    expect(bob.get_by_role("gridcell", name="row C seat 5, held by another customer")).to_be_visible()
    expect(bob.locator("#announcer")).to_contain_text("Floor C 5 has just been taken")
    expect(bob.get_by_role("button", name="Hold", exact=True)).to_be_disabled()
    # Without a live view, the refusal shows it.
    bob.route("**/stream", lambda route: route.abort())
    bob.reload()
    bob.get_by_role("gridcell", name="row C seat 6, available").click()
    alice.goto(f"{stage.base}/#/events/{event['number']}")
    alice.get_by_role("gridcell", name="row C seat 6, available").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    alice.get_by_role("dialog").get_by_role("button", name="Keep both").click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    bob.get_by_role("button", name="Hold 1 ticket").click()
    expect(bob.get_by_role("alert")).to_contain_text("has just been taken")
    expect(bob.get_by_role("gridcell", name="row C seat 6, held by another customer")).to_be_visible()
    stage.picture(bob, "somebody-was-faster")


def test_both_at_the_same_moment_and_one_gets_it(stage, page):
    event = stage.event("One ticket", capacity=1)
    people = [page(), page()]
    for one, name in zip(people, ("Alice", "Bob")):
        stage.open(one, f"/#/events/{event['number']}")
        stage.sign_in(one, name)
        # Neither may see the other's hold before both have sent their requests.
        one.route("**/stream", lambda route: route.abort())
        one.reload()
        one.get_by_role("button", name="One Standing more").click()
    for one in people:
        one.evaluate("() => [...document.querySelectorAll('button')].find((b) => b.textContent === 'Hold 1 ticket').click()")
    for one in people:
        one.wait_for_function("() => /are reserved/.test(document.querySelector('h1').textContent)"
                              " || !document.querySelector('p.error[role=alert]').hidden")
    got = [one for one in people if one.locator("h1").inner_text() == "Your tickets are reserved"]
    assert len(got) == 1
    other = people[1 - people.index(got[0])]
    expect(other.get_by_role("alert")).to_contain_text("reserved by other customers")
    other.unroute("**/stream")
    expect(other.get_by_text("Sold out")).to_be_visible()
    # After the release the other user sees the seat.
    got[0].get_by_role("button", name="Release tickets").click()
    got[0].get_by_role("dialog").get_by_role("button", name="Release tickets").click()
    expect(other.get_by_text("Only 1 left")).to_be_visible()


def test_time_runs_out_and_says_so(stage, page):
    event = stage.event("Short patience", hold=6)
    alice = page()
    stage.open(alice, f"/#/events/{event['number']}")
    stage.sign_in(alice)
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    expect(alice.get_by_role("timer")).to_have_text(re.compile("^0:0[1-6]$"))
    expect(alice.locator("h1")).to_have_text("Expired", timeout=20000)
    alice.get_by_role("link", name="Back to the event").click()
    expect(alice.get_by_text("20 left")).to_be_visible()


def test_more_time_and_three_declined_cards(stage, page):
    event = stage.event("Patience", hold=60)
    alice = page()
    stage.open(alice, f"/#/events/{event['number']}")
    stage.sign_in(alice)
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    alice.get_by_role("button", name="I need more time").click()
    expect(alice.locator("#announcer")).to_contain_text("You have more time")
    for words in ("Try another card", "One more try"):
        pay(alice, DECLINED)
        expect(alice.get_by_role("alert")).to_contain_text("The card was declined")
        expect(alice.get_by_role("alert")).to_contain_text(words)
        expect(alice.get_by_role("button", name="Pay $25.00")).to_be_enabled()
    alice.reload()
    expect(alice.get_by_role("alert")).to_contain_text("One more try")
    pay(alice, DECLINED)
    expect(alice.locator("h1")).to_have_text("The payment was declined")


def test_a_bank_that_answers_later(stage, page):
    event = stage.event("Slow bank")
    alice = page()
    stage.open(alice, f"/#/events/{event['number']}")
    stage.sign_in(alice)
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    pay(alice, LATE)
    expect(alice.locator("h1")).to_have_text("Waiting for the bank")
    expect(alice.locator("h1")).to_have_text("Your tickets are paid")


def test_everything_by_keyboard_alone(stage, page):
    event = stage.hall("Keys Only")
    alice = page()
    stage.open(alice)

    def tab_to(name, limit=60):
        for _ in range(limit):
            alice.keyboard.press("Tab")
            label = alice.evaluate(
                "() => { const e = document.activeElement; return e.getAttribute('aria-label')"
                " || e.labels?.[0]?.textContent || e.textContent.trim(); }")
            if re.search(name, label):
                return
        raise AssertionError(f"no way to “{name}” by Tab")

    tab_to("^Search$")
    alice.keyboard.type("Keys")
    expect(alice.get_by_role("article")).to_have_count(1)
    tab_to("^Keys Only$")
    alice.keyboard.press("Enter")
    expect(alice.locator("h1")).to_have_text("Keys Only")
    tab_to("^row A seat 1,")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Space", "ArrowRight", "Space"):
        alice.keyboard.press(key)
    expect(alice.get_by_text("2 tickets, $80.00")).to_be_visible()
    for key, name in (("End", "row C seat 8"), ("PageUp", "row A seat 8"), ("Control+Home", "row A seat 1"),
                      ("Control+End", "row D seat 8"), ("Home", "row D seat 1"), ("ArrowUp", "row C seat 1")):
        alice.keyboard.press(key)
        expect(alice.locator(":focus")).to_have_attribute("aria-label", re.compile(f"^{name},"))
    tab_to("^Hold 2 tickets$")
    alice.keyboard.press("Enter")
    tab_to("^Alice$", 12)
    alice.keyboard.press("Enter")
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    expect(alice.locator("h1")).to_be_focused()
    tab_to("^Card number$")
    alice.keyboard.type("4242424242424242")
    alice.keyboard.press("Enter")
    expect(alice.locator("h1")).to_have_text("Your tickets are paid")
    expect(alice.locator("h1")).to_be_focused()
    assert event["number"] > 0
