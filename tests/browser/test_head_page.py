"""One head's room in a real browser: the pointer and the keys on it, Back and Forward.

What each view shows is tested in tests/served.
"""

import pytest
from support.hostile import IMAGE

from core import SweepSpec
from core.circuits.attention import head_attention
from core.demo import example
from core.exports import links
from core.spec.heads import Head
from core.sweep.scorer import Scorer

INDUCTION = Head(1, 0)


@pytest.fixture
def at(open_page, server):
    """at(query): a tab opened by an address, once its model is loaded."""

    def open_(query):
        page = open_page(url=f"{server}/{query}")
        page.wait_live()
        return page

    return open_


def test_back_and_forward_go_through_the_heads_and_views_and_arrow_keys_to_neighbours(live):
    for head in (INDUCTION, Head(1, 2)):
        live.click_cell(*head)
        live.wait_text("head_detail", f"{head.label} ablated")
    live.choose("head_view", "Where it matters")
    live.wait_text("view_positions", "Positions do not add up")
    for step, address, outlined in (
        ("back", "?head=L1H2&view=attention", ["selected L1H2"]),
        ("back", "?head=L1H0&view=attention", ["selected L1H0"]),
        ("back", "", []),
        ("forward", "?head=L1H0&view=attention", ["selected L1H0"]),
    ):
        live.settle()
        getattr(live.page, f"go_{step}")()
        live.page.wait_for_function(
            "n => document.querySelectorAll('.hs-cell.on').length === n", arg=len(outlined)
        )
        live.settle()
        assert live.outlined() == outlined
        assert live.query() == address

    live.wait_text("head_detail", "L1H0 ablated")
    live.page.locator(".st-key-head_line .hs-head").click()  # the focus is in no field
    for key, label in (
        ("ArrowDown", "L2H0"),
        ("ArrowDown", "L2H0"),
        ("ArrowRight", "L2H1"),
        ("ArrowLeft", "L2H0"),
        ("ArrowUp", "L1H0"),
    ):
        live.page.keyboard.press(key)
        live.settle()
        live.wait_text("head_detail", f"{label} ablated")
        assert live.outlined() == [f"selected {label}"]
    live.reach("prompt")
    live.page.locator(".st-key-prompt textarea").click()
    live.page.keyboard.press("ArrowRight")
    live.settle()
    assert live.outlined() == ["selected L1H0"]


def test_the_text_tells_where_a_token_looks_and_points_of_figures_lead_to_their_heads(at, demo):
    live = at("?head=L1H0&view=attention")
    live.wait_text("head_detail", "L1H0 ablated")
    live.page.locator(".hs-read [data-at]").first.wait_for()
    live.settle()
    weights = head_attention(Scorer(demo, example.SPEC).start, INDUCTION).weights
    tokens = live.page.locator(".hs-read [data-at]")
    last = tokens.count() - 1
    tokens.nth(last).hover()
    said = live.page.locator(".hs-read-said")
    top = int(weights[last].argmax())
    assert f"{last} “␣fox” attends to {top} “␣jumps”" in said.inner_text()
    assert f"{100 * weights[last, top]:.0f} %" in said.inner_text()
    shown = live.page.evaluate(
        "at => document.querySelectorAll('.hs-read [data-at]')[at].style.getPropertyValue('--to')",
        top,
    )
    assert shown == f"{100 * weights[last, top]:.0f}%"

    tokens.nth(2).hover()  # nobody has chosen the answer's: others are shown meanwhile
    assert said.inner_text().startswith("2 ")
    live.page.mouse.move(5, 5)
    assert said.inner_text().startswith(f"{last} ")
    tokens.nth(top).click()  # held: the pointer may wander
    held = said.inner_text()
    assert f"Attending to it: {last} “␣fox”" in held
    tokens.nth(2).hover()
    assert said.inner_text() == held
    live.page.keyboard.press("ArrowRight")  # to another head, of which the same token is held
    live.wait_text("head_detail", "L1H1 ablated")
    live.page.wait_for_function(f"document.activeElement.dataset.at === '{top}'")
    assert said.inner_text().startswith(f"{top} ")
    live.page.keyboard.press("Enter")  # let go: now they lead from token to token
    live.page.keyboard.press("ArrowRight")
    assert live.page.evaluate("document.activeElement.dataset.at") == str(top + 1)
    live.page.keyboard.press("Enter")
    assert said.inner_text().startswith(f"{top + 1} ")

    live.choose("head_view", "What it says")
    live.wait_text("view_logits", "OV circuit")
    live.click_head("attribution-", 2, 1)
    live.wait_text("head_detail", "L2H1 ablated")
    live.choose("head_view", "Where it matters")
    live.choose("where_scope", "The whole model")
    live.wait_text("view_positions", "Positions do not add up")
    live.click_head("where-The", 0, 3)
    live.wait_text("head_detail", "L0H3 ablated")
    assert live.outlined() == ["selected L0H3"]


def test_a_prompt_as_long_as_the_context_is_read_with_it(at):
    long = " ".join(["red green blue yellow"] * 63) + " red"
    asked = links.to_params(SweepSpec(model="demo", prompt=long, target=" green"))
    live = at(f"?{links.query_of({**asked, 'head': ['L1H0'], 'view': ['attention']})}")
    live.page.locator('.hs-read [data-at="200"]').click()
    assert "200 “" in live.page.locator(".hs-read-said").inner_text()


def test_what_an_address_asks_for_is_no_markup(open_page, server):
    page = open_page(url=f"{server}/?head={IMAGE}")
    page.wait_banner("The address asks for head “<img src=x onerr")
    assert page.page.locator("img[src=x]").count() == 0
