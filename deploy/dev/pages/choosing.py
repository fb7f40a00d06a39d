"""Choosing tickets: distinguishable prices, limits of a choice, and messages."""

import re

from playwright.sync_api import expect

import looks

RATIO = """(pairs) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const channels = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([red, green, blue]) => [red, green, blue].map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = light(channels(getComputedStyle(document.querySelector(".hall")).backgroundColor));
    return [...document.querySelectorAll(".legend .seat")].map((seat) => {
        const own = light(channels(getComputedStyle(seat).borderTopColor));
        return [`${seat.dataset.state} ${seat.dataset.colour}`, (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05)];
    });
}"""


def tiers(stage, count):
    """Creates a hall with as many prices as there are colours."""
    sections = [{"name": f"Block {number + 1}", "rows": [{"name": "A", "seats": [str(seat + 1) for seat in range(12)]}]}
                for number in range(count)]
    venue = stage.ask("POST", "/v1/venues", {"name": "Colours", "sections": sections}, stage.admin)
    return stage.event("Colours", venueId=venue["id"], tiers=[
        {"name": f"Price {number + 1}", "kind": "seated", "unitAmount": 1000 * (number + 1), "sections": [f"Block {number + 1}"]}
        for number in range(count)])


def test_the_edges_of_seats_stand_out_by_three_to_one(stage, page):
    event = tiers(stage, 5)
    for dark in (False, True):
        one = page(dark=dark)
        stage.open(one, f"/#/events/{event['number']}")
        one.get_by_role("gridcell", name="row A seat 1, available").wait_for()
        found = dict(one.evaluate(RATIO))
        # Sold and blocked seats have no edge, since they cannot be chosen.
        edges = {name: ratio for name, ratio in found.items() if name[0] not in "sb"}
        assert len(edges) == 8, found
        assert all(ratio >= 3 for ratio in edges.values()), f"{'dark' if dark else 'light'}: {edges}"
        colours = one.evaluate("() => new Set([...document.querySelectorAll('.legend .seat[data-state=a]')].map((e) => getComputedStyle(e).borderTopColor)).size")
        assert colours == 5, "each price has a colour"


def test_a_seat_says_its_row_number_and_price(stage, page):
    event = stage.hall("Labels")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    seat = one.get_by_role("gridcell", name="row C seat 4, available, $40.00")
    seat.hover()
    card = one.locator(".seat-card")
    expect(card).to_have_text("Row C, seat 4 · $40.00")
    expect(card).to_be_visible()
    one.mouse.move(2, 2)
    expect(card).to_be_hidden()
    seat.focus()
    one.keyboard.press("ArrowRight")
    expect(card).to_have_text("Row C, seat 5 · $40.00")
    one.keyboard.press("Escape")
    expect(card).to_be_hidden()
    one.keyboard.press("Space")
    expect(one.get_by_role("gridcell", name="row C seat 5, chosen, $40.00")).to_be_visible()


def test_tickets_in_the_basket_have_prices_and_can_be_removed(stage, page):
    event = stage.hall("Basket")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    for seat in (1, 2, 3):
        one.get_by_role("gridcell", name=f"row A seat {seat}, available").click()
    basket = one.get_by_role("region", name="Your choice")
    expect(basket.get_by_role("listitem")).to_have_count(3)
    expect(basket.get_by_role("listitem").first).to_contain_text("Floor A 1 $40.00")
    basket.get_by_role("button", name="Remove Floor A 2").click()
    expect(basket.get_by_text("2 tickets, $80.00")).to_be_visible()
    expect(basket.get_by_role("button", name="Remove Floor A 3")).to_be_focused()
    expect(one.get_by_role("gridcell", name="row A seat 2, available")).to_be_visible()


def test_no_more_can_be_chosen_than_are_allowed_or_left(stage, page):
    event = stage.event("Limits", capacity=30, maxTicketsPerUser=10)
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    expect(one.get_by_text("10 at most")).to_be_visible()
    expect(one.get_by_text("30 left")).to_be_visible()
    quantity = one.get_by_label("Standing", exact=True)
    quantity.fill("25")
    expect(quantity).to_have_value("10")
    expect(one.locator("#announcer")).to_contain_text("10 at most.")
    expect(one.get_by_role("button", name="One Standing more")).to_have_attribute("aria-disabled", "true")
    # Other customers take all but two: the choice shrinks.
    tier = event["tiers"][0]["id"]
    for user in range(4):
        stage.book(event, [{"tierId": tier, "quantity": 7}], stage.token(f"many-{user}"))
    expect(one.get_by_text("Only 2 left", exact=True)).to_be_visible()
    expect(quantity).to_have_value("2")
    quantity.fill("3")
    expect(quantity).to_have_value("2")
    hall = stage.hall("Limits of seats", maxTicketsPerUser=2)
    stage.open(one, f"/#/events/{hall['number']}")
    for seat in (1, 2, 3):
        one.get_by_role("gridcell", name=f"row A seat {seat}, available").click()
    expect(one.get_by_role("alert")).to_have_text("You can choose at most 2 tickets.")
    expect(one.get_by_text("2 tickets, $80.00")).to_be_visible()


def test_sections_of_one_tier_are_counted_each_and_the_best_are_of_all(stage, page):
    sections = [{"name": name, "rows": [{"name": "A", "seats": [str(seat + 1) for seat in range(seats)]}]}
                for name, seats in (("Stalls", 20), ("Balcony", 12), ("Box", 4))]
    venue = stage.ask("POST", "/v1/venues", {"name": "Two floors", "sections": sections}, stage.admin)
    event = stage.event("Two floors", venueId=venue["id"], tiers=[
        {"name": "Standard", "kind": "seated", "unitAmount": 4000, "sections": ["Stalls", "Balcony"]},
        {"name": "Luxury", "kind": "seated", "unitAmount": 9000, "sections": ["Box"]}])
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    stalls, balcony = one.get_by_role("tab", name="Stalls"), one.get_by_role("tab", name="Balcony")
    expect(stalls).to_contain_text("20 left")
    expect(balcony).to_contain_text("12 left")
    one.get_by_text("Live", exact=True).wait_for()
    taken = [seat["id"] for seat in stage.seats(event) if seat["section"] == "Balcony"][:4]
    stage.book(event, [{"seatIds": taken}], stage.token("upstairs"))
    expect(balcony).to_contain_text("Only 8 left")
    expect(stalls).to_contain_text("20 left")
    balcony.click()
    expect(one.get_by_role("button", name="Hold the best of Standard, in any section")).to_be_visible()
    one.set_viewport_size({"width": 390, "height": 844})
    looks.fits_page(one, "sections of one tier")
    stage.picture(one, "sections-of-one-tier")
    one.get_by_role("tab", name="Box").click()
    expect(one.get_by_role("button", name="Hold the best in Box")).to_be_visible()


def test_few_that_are_left_are_called_few(stage, page):
    stage.event("Nearly gone", capacity=9)
    stage.event("Plenty", capacity=50)
    one = page()
    for title, words in (("Nearly gone", "Only 9 left"), ("Plenty", "50 left")):
        stage.open(one, f"/#/?search={title}")
        card = one.get_by_role("article").filter(has_text=title)
        expect(card.locator(".chip")).to_have_text(words)
        expect(card.locator(".chip")).to_have_class(re.compile("warn" if "Only" in words else "good"))


def test_fewer_are_left_than_are_asked_for(stage, page):
    event = stage.event("Ninety-nine", capacity=12, maxTicketsPerUser=None)
    one = page()
    # Without a live view, availability is outdated.
    one.route("**/stream", lambda route: route.abort())
    stage.open(one, f"/#/events/{event['number']}")
    stage.sign_in(one, "Bob")
    one.get_by_label("Standing", exact=True).fill("12")
    stage.book(event, [{"tierId": event["tiers"][0]["id"], "quantity": 9}], stage.token("nine"))
    one.get_by_role("button", name="Hold 12 tickets").click()
    expect(one.get_by_role("alert")).to_have_text("Only 3 are left.")


def test_an_empty_basket_is_in_nobodys_way_on_a_phone(stage, page):
    event = stage.hall("Small screen")
    one = page(390, 844)
    stage.open(one, f"/#/events/{event['number']}")
    seat = one.get_by_role("gridcell", name="row A seat 1, available")
    expect(seat).to_be_visible()
    basket = one.locator(".basket")
    expect(basket).to_be_hidden()
    seat.click()
    expect(basket).to_be_visible()


def test_sections_are_chosen_by_all_arrows(stage, page):
    event = tiers(stage, 3)
    for width, orientation in ((1280, "vertical"), (390, "horizontal")):
        one = page(width)
        stage.open(one, f"/#/events/{event['number']}")
        expect(one.get_by_role("tablist")).to_have_attribute("aria-orientation", orientation)
        one.get_by_role("tab", name=re.compile("Block 1")).focus()
        for key, number in (("ArrowDown", 2), ("ArrowRight", 3), ("ArrowUp", 2), ("ArrowLeft", 1), ("End", 3), ("Home", 1)):
            one.keyboard.press(key)
            tab = one.get_by_role("tab", name=re.compile(f"Block {number}"))
            expect(tab).to_be_focused()
            expect(tab).to_have_attribute("aria-selected", "true")


def test_a_description_keeps_its_lines(stage, page):
    event = stage.event("Three lines", description="First.\nSecond.\n\nThird.")
    one = page()
    stage.open(one, f"/#/events/{event['number']}")
    expect(one.locator(".description")).to_have_css("white-space", "pre-line")
    assert one.locator(".description").inner_text() == "First.\nSecond.\n\nThird."
