"""Appearance and accessibility: axe-core's rules, phone width, target sizes, screenshots."""

import importlib.resources
import re

from playwright.sync_api import expect

from stage import PICTURES

AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

# The hall of 2,000 seats, from `usher seed`.
GRAND_HALL = "/#/events/6"


def check(page, where):
    """Checks axe-core's rules: names, roles, contrast, structure. The page's own policy blocks injected scripts."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")["violations"]
    told = [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0].get('failureSummary', '')}"
            for one in found]
    assert not told, f"{where}: {told}"
    unnamed = page.evaluate("""() => [...document.querySelectorAll('button, a, input, select, [role=gridcell], [role=tab]')]
        .filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 120))""")
    assert not unnamed, f"{where}: without a name: {unnamed}"


def fits(page, where):
    """Checks that the page does not scroll sideways, and that targets are large enough (WCAG 2.2, 2.5.8: 24 px)."""
    width = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{where}: {width[0]} px wide on {width[1]}"
    small = page.evaluate("""() => [...document.querySelectorAll('button, input, select, [role=gridcell]')]
        .filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)""")
    assert not small, f"{where}: too small: {small[:3]}"


def every_screen(stage, one, look, seat_event, name):
    """Checks every screen of the box office."""
    stage.open(one)
    expect(one.get_by_role("article").first).to_be_visible()
    look("events")
    one.get_by_role("button", name="Sign in", exact=True).click()
    look("sign-in")
    one.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    expect(one.get_by_text("Sign out")).to_be_visible()
    one.goto(f"{stage.base}/#/events/{seat_event['number']}")
    one.get_by_text("Live", exact=True).wait_for()
    one.get_by_role("gridcell", name="row A seat 2, available").click()
    one.get_by_role("gridcell", name="row A seat 3, available").click()
    look("seats")
    one.get_by_role("button", name="Hold 2 tickets").click()
    expect(one.locator("h1")).to_have_text("Your tickets are reserved")
    look("hold")
    one.get_by_label("Card number").fill("4000 0000 0000 9995")
    one.get_by_role("button", name=re.compile("^Pay")).click()
    expect(one.get_by_role("alert")).to_contain_text("not enough money")
    look("declined")
    one.get_by_label("Card number").fill("4242 4242 4242 4242")
    one.get_by_role("button", name=re.compile("^Pay")).click()
    expect(one.locator("h1")).to_have_text("Your tickets are paid")
    look("ticket")
    one.goto(f"{stage.base}/#/bookings")
    expect(one.locator("h1")).to_have_text("My bookings")
    expect(one.get_by_role("main").get_by_role("listitem").first).to_be_visible()
    look("bookings")
    one.get_by_role("button", name=re.compile("^Cancel")).first.click()
    look("question")
    one.get_by_role("button", name="Keep it").click()
    one.goto(f"{stage.base}/#/events/2")
    expect(one.get_by_label("Standard", exact=True)).to_be_visible()
    look("quantity")


def test_every_screen_in_the_light_on_a_desk(stage, page):
    one = page()

    def look(where):
        stage.picture(one, f"light-{where}")
        check(one, where)
        fits_page(one, where)
    every_screen(stage, one, look, stage.hall("Daylight"), "Alice")


def test_every_screen_in_the_dark_on_a_phone(stage, page):
    one = page(360, 740, dark=True)

    def look(where):
        stage.picture(one, f"phone-dark-{where}")
        check(one, where)
        fits(one, where)
    every_screen(stage, one, look, stage.hall("Night Song"), "Bob")


def fits_page(page, where):
    width = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{where}: {width[0]} px wide on {width[1]}"


def test_the_grand_hall_is_pleasant_on_a_desk_and_on_a_phone(stage, page):
    hall = stage.ask("GET", "/v1/events/6/seats")["seats"]
    for start, user in ((405, "ann"), (610, "ben"), (95, "cem"), (300, "dora")):
        stage.ask("POST", "/v1/bookings", {"eventId": "6", "items": [{"seatIds": [s["id"] for s in hall[start:start + 9]]}],
                  "payment": {"cardNumber": "4242424242424242"}}, stage.token(user))
    stage.ask("POST", "/v1/bookings", {"eventId": "6", "items": [{"seatIds": [s["id"] for s in hall[500:508]]}]},
              stage.token("eva"))
    for name, one in (("desk", page(1280, 1000)), ("desk-dark", page(1280, 1000, dark=True)), ("phone", page(360, 740))):
        stage.open(one, GRAND_HALL)
        one.get_by_text("Live", exact=True).wait_for()
        expect(one.get_by_role("gridcell")).to_have_count(800)
        one.get_by_role("tab", name=re.compile("Circle")).click()
        expect(one.get_by_role("gridcell")).to_have_count(700)
        one.get_by_role("tab", name=re.compile("Stalls")).click()
        one.get_by_role("gridcell", name="row K seat 20, available").click()
        one.get_by_role("gridcell", name="row K seat 21, available").click()
        one.screenshot(path=str(PICTURES / f"grand-hall-{name}.png"), full_page=True)
        check(one, f"grand hall, {name}")
        (fits if name == "phone" else fits_page)(one, f"grand hall, {name}")


def test_operations_can_be_used_by_everybody(stage, page):
    for name, one in (("light", page()), ("phone-dark", page(360, 740, dark=True))):
        stage.open(one, "/ops")
        expect(one.get_by_text("Everything works")).to_be_visible()
        check(one, "ops, signed out")
        one.get_by_role("button", name="Sign in as administrator").click()
        one.get_by_role("dialog").get_by_role("button", name="Admin", exact=True).click()
        expect(one.get_by_role("article").first).to_contain_text("free")
        expect(one.locator("#drift")).not_to_have_text("–")
        check(one, f"ops, {name}")
        fits_page(one, f"ops, {name}")
        one.screenshot(path=str(PICTURES / f"ops-{name}.png"), full_page=True)


def test_without_scripts_it_says_so_in_its_place(stage, page):
    for path, words in (("/", "This page needs JavaScript."), ("/ops", "This page needs JavaScript.")):
        one = page(scripts=False)
        one.goto(stage.base + path)
        notice = one.locator("main .notice")
        expect(notice).to_contain_text(words)
        expect(notice).to_be_visible()
        expect(one.get_by_text("Loading…")).to_be_hidden()
        stage.picture(one, f"no-scripts-{path.strip('/') or 'events'}")


def test_no_page_talks_of_stores_to_customers_or_in_riddles(stage, page):
    """Checks the texts in the scripts, since not every refusal can be provoked here."""
    one = page()
    stage.open(one)
    texts = one.evaluate("""async () => {
        const seen = new Map();
        const read = async (name) => {
            if (seen.has(name)) return;
            seen.set(name, "");
            seen.set(name, await (await fetch(`/assets/${name}`)).text());
            await Promise.all([...seen.get(name).matchAll(/from "\\.\\/([^"]+)"/g)].map((match) => read(match[1])));
        };
        await read("app.js");
        return [...seen];
    }""")
    assert len(texts) > 10
    for name, text in texts:
        said = " ".join(re.findall(r'"([^"\n]* [^"\n]*)"|`([^`\n]* [^`\n]*)`', text) and [one or other for one, other in re.findall(r'"([^"\n]* [^"\n]*)"|`([^`\n]* [^`\n]*)`', text)])
        for word in ("PostgreSQL", "Redis", "It must", "for now", "Lapsed", "Give them back", "Make an account"):
            assert word not in said, f"{name}: {word}"
