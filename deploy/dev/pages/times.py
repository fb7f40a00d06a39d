"""Times in the event's zone, money by currency, both in the visitor's language; the end of sales and cancellations."""

import datetime
import re

from playwright.sync_api import expect


def in_future(**more):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def paid_ticket(stage, page, event):
    stage.open(page, f"/#/events/{event['number']}")
    page.get_by_role("button", name="One Standing more").click()
    page.get_by_role("button", name="Hold 1 ticket").click()
    expect(page.locator("h1")).to_have_text("Your tickets are reserved")
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.locator("h1")).to_have_text("Your tickets are paid")


def test_times_are_those_of_the_event_with_its_zone(stage, page):
    event = stage.event("Winter Night in Berlin", startsAt="2031-01-17T18:30:00Z", timeZone="Europe/Berlin")
    one = page(zone="America/New_York")
    stage.open(one, "/#/?search=winter%20night%20in")
    card = one.get_by_role("article").filter(has_text="Winter Night in Berlin")
    expect(card).to_contain_text("Jan 17, 2031, 7:30 PM CET")
    expect(card).to_contain_text("Your time: Jan 17, 2031, 1:30 PM EST (New York)")
    stage.picture(one, "time-list")
    card.get_by_role("link").click()
    expect(one.get_by_text("Friday, January 17, 2031 at 7:30 PM CET")).to_be_visible()
    expect(one.get_by_text("Your time: Jan 17, 2031, 1:30 PM EST (New York)")).to_be_visible()
    stage.sign_in(one)
    paid_ticket(stage, one, event)
    ticket = one.get_by_role("article", name="Ticket")
    expect(ticket).to_contain_text("Friday, January 17, 2031 at 7:30 PM CET")
    expect(ticket).to_contain_text("1:30 PM EST (New York)")
    stage.picture(one, "time-ticket")
    one.emulate_media(media="print")
    stage.picture(one, "time-ticket-printed")
    expect(one.get_by_role("button", name="Print")).to_be_hidden()
    # The date may differ elsewhere: the calendar leaf shows the event's.
    stage.event("New Year in Auckland", startsAt="2030-12-31T11:30:00Z", timeZone="Pacific/Auckland")
    stage.open(one, "/#/?search=New%20Year%20in")
    expect(one.locator(".day")).to_have_text(re.compile(r"Jan\s*1\s*2031"))


def test_nobody_is_told_the_same_time_twice(stage, page):
    event = stage.event("Here", startsAt="2031-07-17T18:30:00Z", timeZone="Europe/Berlin")
    one = page(zone="Europe/Paris")
    stage.open(one, f"/#/events/{event['number']}")
    expect(one.get_by_text("8:30 PM CEST")).to_be_visible()
    expect(one.get_by_text("Your time")).to_have_count(0)


def test_dates_and_money_are_in_the_visitors_language(stage, page):
    event = stage.event("Abend", startsAt="2031-01-17T18:30:00Z", timeZone="Europe/Berlin", currency="EUR", capacity=1200)
    one = page(locale="de-DE", zone="Europe/Berlin")
    stage.open(one, f"/#/events/{event['number']}")
    expect(one.get_by_text(re.compile(r"Freitag, 17\. Januar 2031 um 19:30 MEZ"))).to_be_visible()
    expect(one.get_by_text("25,00 €")).to_be_visible()
    expect(one.get_by_text("1.200 left")).to_be_visible()


def test_money_has_the_digits_of_its_currency(stage, page):
    one = page()
    for currency, words in (("JPY", "¥2,500"), ("KWD", "KWD 2.500"), ("IQD", "IQD 2.500"), ("HUF", "HUF 25.00"), ("USD", "$25.00")):
        event = stage.event(f"Costs {currency}", currency=currency)
        stage.open(one, f"/#/events/{event['number']}")
        expect(one.get_by_text(re.compile(words.replace("$", r"\$").replace(".", r"\.").replace(" ", r"\s")))).to_be_visible()


def test_past_events_are_not_first_but_can_be_found(stage, page):
    stage.event("Long ago", startsAt="2020-01-01T18:00:00Z")
    one = page()
    stage.open(one, "/#/?search=long%20ago")
    expect(one.get_by_text("No events found.")).to_be_visible()
    one.get_by_label("Show").select_option("Past")
    card = one.get_by_role("article").filter(has_text="Long ago")
    expect(card.locator(".chip")).to_have_text("Sales have ended")
    one.reload()
    expect(card).to_be_visible()
    card.get_by_role("link").click()
    expect(one.get_by_text("Ticket sales have ended.")).to_be_visible()
    one.get_by_role("button", name="One Standing more").click()
    expect(one.get_by_role("button", name="Hold 1 ticket")).to_be_disabled()


def test_a_sale_that_ends_or_begins_is_seen_without_a_reload(stage, page):
    ends = stage.event("Ends soon", salesCloseAt=in_future(seconds=6))
    begins = stage.event("Begins soon", salesOpenAt=in_future(seconds=20))
    for event, before, after in ((ends, "", "Ticket sales have ended."), (begins, "Ticket sales start on", "")):
        one = page()
        stage.open(one, f"/#/events/{event['number']}")
        notice = one.locator("main .notice")
        if before:
            expect(notice).to_contain_text(before)
        one.get_by_role("button", name="One Standing more").click()
        expect(notice).to_have_text(after)
        (expect(one.get_by_role("button", name="Hold 1 ticket")).to_be_disabled if after
         else expect(one.get_by_role("button", name="Hold 1 ticket")).to_be_enabled)()


def test_tickets_can_be_cancelled_until_the_events_time(stage, page):
    event = stage.event("Changes of mind", cancelUntil="2031-04-30T18:00:00Z", timeZone="Europe/Berlin")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    expect(one.get_by_text("You can cancel until Wednesday, April 30, 2031 at 8:00 PM CEST.")).to_be_visible()
    stage.sign_in(one, "Bob")
    paid_ticket(stage, one, event)
    expect(one.get_by_text(re.compile("You can cancel until"))).to_be_visible()
    expect(one.get_by_role("button", name="Cancel booking")).to_be_visible()
    one.goto(f"{stage.base}/#/bookings")
    row = one.get_by_role("main").get_by_role("listitem").filter(has_text="Changes of mind")
    expect(row).to_contain_text("You can cancel until")
    stage.ask("PATCH", f"/v1/events/{event['id']}", {"cancelUntil": "2020-01-01T00:00:00Z"}, stage.admin)

    # Each loop caches an event for up to a second.
    def is_closed(place, button):
        one.reload()
        expect(place).to_be_visible()
        return "It can no longer be cancelled." in place.inner_text() and button.count() == 0

    stage.until("cancelling is over", lambda: is_closed(row, row.get_by_role("button")))
    row.get_by_role("link").click()
    expect(one.get_by_role("button", name="Print")).to_be_visible()
    ticket = one.get_by_role("main")
    stage.until("it is over for the ticket", lambda: is_closed(ticket, one.get_by_role("button", name="Cancel booking")))
