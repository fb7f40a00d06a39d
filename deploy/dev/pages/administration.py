"""Administration on /ops."""

import csv
import re

from playwright.sync_api import expect

import looks


def operations(stage, page):
    stage.open(page, "/ops")
    page.get_by_role("button", name="Sign in as administrator").click()
    page.get_by_role("dialog").get_by_role("button", name="Admin", exact=True).click()
    expect(page.get_by_role("region", name="Bookings")).to_be_visible()


def test_bookings_are_found_exported_and_cancelled(stage, page):
    event = stage.event("Desk")
    hall = stage.hall("Desk with seats")
    alice, bob = stage.login("Alice"), stage.login("Bob")
    three = stage.book(event, [{"tierId": event["tiers"][0]["id"], "quantity": 3}], alice)
    stage.book(hall, [{"seatIds": [seat["id"] for seat in stage.seats(hall)[:2]]}], alice)
    stage.book(event, [{"tierId": event["tiers"][0]["id"], "quantity": 1}], bob)
    admin = page()
    operations(stage, admin)
    panel = admin.get_by_role("region", name="Bookings")
    panel.get_by_label("Event number or id").fill(str(event["number"]))
    panel.get_by_role("button", name="Find bookings").click()
    rows = panel.get_by_role("listitem")
    expect(rows).to_have_count(2)
    mine = panel.locator(f"[data-booking='{three['id']}']")
    expect(mine).to_contain_text("Desk · 3 × Standing · $75.00 · paid")
    stage.picture(admin, "ops-bookings")
    with admin.expect_download() as download:
        panel.get_by_role("button", name="Download as CSV").click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert sorted(line["quantity"] for line in lines) == ["1", "3"], lines
    # One of three tickets, with a reason; then the rest.
    mine.get_by_role("button", name=re.compile("^Cancel the booking")).click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Standing (of 3)").fill("1")
    dialog.get_by_label("Reason").fill("Asked for by telephone")
    looks.check(admin, "cancel dialog")
    stage.picture(admin, "ops-cancel")
    dialog.get_by_role("button", name="Cancel tickets").click()
    expect(mine).to_contain_text("2 × Standing")
    mine.get_by_role("button", name=re.compile("^Cancel the booking")).click()
    dialog.get_by_role("button", name="Cancel tickets").click()
    expect(mine.get_by_text("Cancelled")).to_be_visible()
    panel.get_by_label("Status").select_option("Cancelled")
    panel.get_by_role("button", name="Find bookings").click()
    expect(rows).to_have_count(1)
    # Find the booking by its owner's address, and tick seats one by one.
    panel.get_by_label("Event number or id").fill(hall["id"])
    panel.get_by_label("Status").select_option("Any")
    panel.get_by_label("E-mail").fill(next(user["email"] for user in stage.ask("GET", "/v1/demo")["users"] if user["name"] == "Alice"))
    panel.get_by_role("button", name="Find bookings").click()
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name=re.compile("^Cancel the booking")).click()
    dialog.get_by_label("Floor A 1").uncheck()
    dialog.get_by_role("button", name="Cancel tickets").click()
    expect(rows).to_contain_text("Floor A 1 · $40.00")
    panel.get_by_label("E-mail").fill("nobody.at.all@example.com")
    panel.get_by_role("button", name="Find bookings").click()
    expect(panel.get_by_text("No bookings found.")).to_be_visible()
    # A failed search does not show an earlier one's results.
    panel.get_by_label("E-mail").fill("")
    panel.get_by_role("button", name="Find bookings").click()
    expect(rows).to_have_count(1)
    panel.get_by_label("Event number or id").fill("nonsense")
    panel.get_by_role("button", name="Find bookings").click()
    expect(panel.get_by_role("alert")).to_be_visible()
    expect(rows).to_have_count(0)
    expect(panel.get_by_role("status")).to_be_empty()


def test_the_audit_log_says_who_did_what(stage, page):
    event = stage.event("On record")
    stage.ask("PATCH", f"/v1/events/{event['id']}", {"title": "On the record"}, stage.admin)
    for number, one in enumerate((page(), page(390, 844, dark=True))):
        operations(stage, one)
        panel = one.get_by_role("region", name="Audit log")
        panel.get_by_label("About (id)").fill(event["id"])
        panel.get_by_role("button", name="Show entries").click()
        expect(panel.get_by_role("listitem").first).to_contain_text(event["id"])
        expect(panel.get_by_role("listitem").first).to_contain_text("user admin")
        panel.get_by_role("listitem").first.get_by_text("What changed").click()
        expect(panel.get_by_role("listitem").first).to_contain_text("On the record")
        looks.check(one, "audit log")
        looks.fits_page(one, "audit log")
        panel.scroll_into_view_if_needed()
        stage.picture(one, f"ops-log-{number}")
