"""Reserved, unpaid tickets: visible on every page, and marked as the user's own."""

import re

from playwright.sync_api import expect


def hold_two(stage, alice, event):
    stage.open(alice, f"/#/events/{event['number']}")
    for seat in (3, 4):
        alice.get_by_role("gridcell", name=f"row B seat {seat}, available").click()
    alice.get_by_role("button", name="Hold 2 tickets").click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")


def new_account(stage, page, name):
    """Signs in a user without holds."""
    stage.open(page)
    page.evaluate("""async ([name, email]) => {
        const answer = await fetch("/v1/auth/register", { method: "POST", headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ name, email, password: "correct horse 1" }) });
        localStorage.setItem("usher.session", JSON.stringify(await answer.json()));
    }""", [name, f"{name.lower()}@example.com"])
    page.reload()
    page.wait_for_selector("text=Sign out")


def test_what_one_holds_is_in_sight_on_every_page(stage, page):
    event = stage.hall("In sight")
    for width, dark in ((1280, False), (390, True)):
        alice = page(width, 844, dark=dark)
        new_account(stage, alice, f"Sight{width}")
        hold_two(stage, alice, event)
        bar = alice.get_by_role("region", name="Tickets reserved for you")
        # The booking's page already has a clock.
        expect(bar).to_be_hidden()
        for path in ("/#/", f"/#/events/{event['number']}", "/#/bookings", "/#/account", "/#/no-such-page"):
            alice.goto(stage.base + path)
            expect(bar).to_contain_text(re.compile(r"You hold 2 tickets.* · (9:[0-5]\d|10:00) left"))
            expect(bar.get_by_role("link", name="Pay")).to_be_visible()
        stage.picture(alice, f"holding-{width}")
        alice.reload()
        bar.get_by_role("link", name="Pay").click()
        expect(alice.get_by_role("timer")).to_be_visible()
        alice.goto(f"{stage.base}/#/")
        bar.get_by_role("button", name="Release").click()
        alice.get_by_role("dialog").get_by_role("button", name="Release tickets").click()
        expect(bar).to_be_hidden()


def test_the_bar_goes_when_the_time_is_over(stage, page):
    event = stage.event("Short hold", hold=6)
    alice = page()
    new_account(stage, alice, "Shorty")
    stage.open(alice, f"/#/events/{event['number']}")
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    alice.goto(f"{stage.base}/#/")
    bar = alice.get_by_role("region", name="Tickets reserved for you")
    expect(bar).to_contain_text("You hold 1 ticket")
    expect(bar).to_be_hidden()
    expect(alice.locator("#announcer")).to_contain_text("The time to pay for your reserved tickets is over.")


def test_own_seats_are_shown_as_own_and_a_second_hold_asks(stage, page):
    event = stage.hall("Own seats", maxTicketsPerUser=3)
    alice = page()
    new_account(stage, alice, "Owner")
    hold_two(stage, alice, event)
    alice.go_back()
    for seat in (3, 4):
        expect(alice.get_by_role("gridcell", name=f"row B seat {seat}, held for you")).to_be_visible()
    stage.picture(alice, "own-seats")
    alice.get_by_role("gridcell", name="row C seat 1, available").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    question = alice.get_by_role("dialog")
    expect(question).to_contain_text("You hold 2 tickets for this event")
    expect(question.get_by_role("button", name="Keep both")).to_be_visible()
    stage.picture(alice, "second-hold")
    question.get_by_role("button", name="Replace them").click()
    expect(alice.get_by_text("Floor, row C, seat 1")).to_be_visible()
    alice.go_back()
    for seat in (3, 4):
        expect(alice.get_by_role("gridcell", name=f"row B seat {seat}, available")).to_be_visible()
    # Together they would exceed the customer's limit.
    for seat in (1, 2, 3):
        alice.get_by_role("gridcell", name=f"row D seat {seat}, available").click()
    alice.get_by_role("button", name="Hold 3 tickets").click()
    expect(question.get_by_role("button", name="Keep both")).to_have_count(0)
    question.get_by_role("button", name="Replace them").click()
    expect(alice.get_by_text("Floor, row D, seats 1, 2, 3")).to_be_visible()
    expect(alice.locator("h1")).to_have_text("Your tickets are reserved")
    # Paid tickets are the user's own too, and count.
    alice.get_by_label("Card number").fill("4242 4242 4242 4242")
    alice.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(alice.locator("h1")).to_have_text("Your tickets are paid")
    stage.open(alice, f"/#/events/{event['number']}")
    expect(alice.get_by_role("gridcell", name="row D seat 1, your seat")).to_be_visible()


def test_held_bookings_can_be_paid_from_the_list(stage, page):
    event = stage.hall("From the list")
    alice = page()
    new_account(stage, alice, "Lister")
    hold_two(stage, alice, event)
    alice.goto(f"{stage.base}/#/bookings")
    row = alice.get_by_role("listitem").filter(has_text="From the list")
    expect(row.get_by_text("Held")).to_be_visible()
    row.get_by_role("link", name="Pay From the list").click()
    expect(alice.get_by_label("Card number")).to_be_visible()


def test_signing_in_and_out_is_seen_in_other_tabs(stage, page):
    first = page()
    stage.open(first, "/#/bookings")
    second = first.context.new_page()
    stage.open(second, "/#/bookings")
    # The open dialog in the other tab is obsolete.
    second.get_by_role("main").get_by_role("button", name="Sign in").click()
    stage.sign_in(first, "Alice")
    expect(second.get_by_role("dialog")).to_be_hidden()
    expect(second.get_by_role("button", name="Sign out")).to_be_visible()
    expect(second.get_by_text("Sign in to see your bookings.")).to_be_hidden()
    first.get_by_role("button", name="Sign out").click()
    expect(second.get_by_text("Sign in to see your bookings.")).to_be_visible()
    stage.sign_in(first, "Bob")
    expect(second.get_by_role("link", name="Bob")).to_be_visible()


def test_a_card_number_that_was_typed_survives_an_outage(stage, page):
    event = stage.event("Kept number")
    alice = page()
    new_account(stage, alice, "Typist")
    stage.open(alice, f"/#/events/{event['number']}")
    alice.get_by_role("button", name="One Standing more").click()
    alice.get_by_role("button", name="Hold 1 ticket").click()
    card = alice.get_by_label("Card number")
    card.fill("4242 4242 42")
    alice.context.set_offline(True)
    alice.evaluate("() => dispatchEvent(new Event('trouble'))")
    expect(alice.locator("#outage")).to_contain_text("The server cannot be reached")
    alice.context.set_offline(False)
    expect(alice.locator("#outage")).to_be_hidden()
    expect(card).to_have_value("4242 4242 42")
    # An extension does not change it either.
    assert alice.get_by_role("timer").is_visible()
