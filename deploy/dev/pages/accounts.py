"""A user's own account."""

import json
import re

from playwright.sync_api import expect

import looks

FIRST, SECOND = "correct horse 1", "battery staple 2"


def register(stage, page, name):
    email = f"{name.lower()}@example.com"
    stage.open(page, "/#/account")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="New here? Create account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(FIRST)
    page.get_by_role("button", name="Create account", exact=True).click()
    # The page that required the login is shown at once.
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text(email)).to_be_visible()
    return email


def test_a_password_is_changed_and_other_sessions_end(stage, page):
    here, there = page(), page(390, 844, dark=True)
    email = register(stage, here, "Paula")
    stage.open(there, "/#/account")
    there.get_by_role("main").get_by_role("button", name="Sign in").click()
    there.get_by_label("E-mail").fill(email)
    there.get_by_label("Password", exact=True).fill(FIRST)
    there.get_by_role("dialog").get_by_role("button", name="Sign in", exact=True).click()
    expect(there.get_by_text("this session")).to_be_visible()
    looks.check(there, "account, phone")
    looks.fits(there, "account, phone")
    stage.picture(there, "account-phone")
    here.reload()
    sessions = here.get_by_role("region", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    looks.check(here, "account")
    stage.picture(here, "account")
    panel = here.get_by_role("region", name="Password")
    panel.get_by_label("Present password").fill("wrong horse 1")
    panel.get_by_label("New password").fill(SECOND)
    panel.get_by_role("button", name="Change password").click()
    expect(panel.get_by_role("alert")).to_have_text("The present password is wrong.")
    panel.get_by_label("Present password").fill(FIRST)
    panel.get_by_label("New password").fill("short")
    panel.get_by_role("button", name="Change password").click()
    expect(panel.get_by_role("alert")).to_contain_text("The new password needs at least 8 characters")
    panel.get_by_label("New password").fill(SECOND)
    panel.get_by_role("button", name="Change password").click()
    expect(here.locator("#announcer")).to_contain_text("Your password is changed.")
    expect(sessions).to_have_count(1)
    # This session stays; the other session's token can no longer be refreshed.
    here.reload()
    expect(here.get_by_text(email)).to_be_visible()


def test_other_sessions_can_be_ended(stage, page):
    here = page()
    email = register(stage, here, "Quentin")
    for _ in range(2):
        stage.ask("POST", "/v1/auth/login", {"email": email, "password": FIRST})
    here.reload()
    sessions = here.get_by_role("region", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_count(3)
    sessions.get_by_role("button", name=re.compile("^End the session")).first.click()
    expect(sessions).to_have_count(2)
    here.get_by_role("button", name="End all other sessions").click()
    expect(sessions).to_have_count(1)
    expect(sessions.get_by_text("this session")).to_be_visible()
    expect(here.get_by_role("button", name="End all other sessions")).to_be_hidden()


def test_own_data_can_be_downloaded_and_the_account_deleted(stage, page):
    one = page()
    email = register(stage, one, "Rita")
    with one.expect_download() as download:
        one.get_by_role("button", name="Download my data").click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert email in json.dumps(json.load(file), ensure_ascii=False)
    panel = one.get_by_role("region", name="Delete account")
    panel.get_by_label("Present password").fill("wrong horse 1")
    panel.get_by_role("button", name="Delete account").click()
    one.get_by_role("dialog").get_by_role("button", name="Delete account").click()
    expect(panel.get_by_role("alert")).to_have_text("The present password is wrong.")
    panel.get_by_label("Present password").fill(FIRST)
    panel.get_by_role("button", name="Delete account").click()
    one.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(one.get_by_text(email)).to_be_visible()
    panel.get_by_role("button", name="Delete account").click()
    one.get_by_role("dialog").get_by_role("button", name="Delete account").click()
    expect(one.get_by_role("button", name="Sign in", exact=True).first).to_be_visible()
    one.get_by_role("button", name="Sign in", exact=True).first.click()
    one.get_by_label("E-mail").fill(email)
    one.get_by_label("Password", exact=True).fill(FIRST)
    one.get_by_role("dialog").get_by_role("button", name="Sign in", exact=True).click()
    expect(one.get_by_role("alert")).to_contain_text("is wrong")


def test_creating_an_account_says_what_it_is_for(stage, page):
    event = stage.event("Reasons")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    one.get_by_role("button", name="One Standing more").click()
    one.get_by_role("button", name="Hold 1 ticket").click()
    dialog = one.get_by_role("dialog")
    expect(dialog).to_contain_text("Sign in to reserve your tickets.")
    dialog.get_by_role("button", name="New here? Create account").click()
    expect(dialog).to_contain_text("Create an account to reserve your tickets.")
    expect(dialog).not_to_contain_text("Sign in to reserve")
    # Each error is shown at its field.
    for label, value, words in (("Name", "", "Enter your name."), ("E-mail", "sam", "Enter a complete e-mail address"),
                                ("Password", "", "Enter your password."), ("Password", "letters only", "with a letter and a digit")):
        for other, good in (("Name", "Sam"), ("E-mail", "sam@example.com"), ("Password", FIRST)):
            dialog.get_by_label(other).fill(value if other == label else good)
        dialog.get_by_role("button", name="Create account", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text(words)
        expect(dialog.get_by_label(label)).to_be_focused()
        expect(dialog.get_by_label(label)).to_have_attribute("aria-invalid", "true")
