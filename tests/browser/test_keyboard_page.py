"""The page by keys alone, and what is said of it to who does not see it."""

from dataclasses import replace

from support.addresses import address

from core.demo import example

FOCUSED = "document.activeElement.closest('[class*=st-key-]')?.className.match(/st-key-\\S+/)[0]"
SAID = "document.querySelector('.hs-saying').textContent"
LISTED = "document.querySelector('dialog.hs-keys').open"


def press(page, *keys):
    for key in keys:
        page.page.keyboard.press(key)
    page.settle()


def test_views_metrics_focus_and_sweep_by_keys_alone(open_page, server):
    page = open_page(url=f"{server}/?head=L1H0")
    page.wait_live()
    keys_show_views_and_metrics_and_the_list(page)
    the_focus_goes_on_where_a_part_of_the_page_goes_away(page)
    what_is_typed_is_swept_from_its_field_and_the_outcome_is_said(page)


def keys_show_views_and_metrics_and_the_list(page):
    press(page, "2")
    assert page.pressed("head_views") == ["What it says"]
    before = page.pressed("metric")
    press(page, "m")
    assert page.pressed("metric") != before

    press(page, "?")
    assert page.page.evaluate(LISTED)
    press(page, "3")
    assert page.pressed("head_views") == ["What it says"], "a dialog has the keys to itself"
    press(page, "Escape")
    assert not page.page.evaluate(LISTED)


def the_focus_goes_on_where_a_part_of_the_page_goes_away(page):
    page.page.locator(".st-key-clear_head button").focus()
    press(page, "Enter")
    page.page.wait_for_function("document.activeElement.matches('.st-key-heatmap .hs-cell')")
    page.page.wait_for_function(f"{SAID} === 'No head is open'")

    page.reach("compare_kinds")
    page.page.locator(".st-key-compare_kinds button").focus()
    press(page, "Enter")
    page.page.wait_for_function("document.activeElement.closest('.st-key-kinds') !== null")


def what_is_typed_is_swept_from_its_field_and_the_outcome_is_said(page):
    """Letters among it are no keys of the page."""
    page.page.locator(".st-key-edit button").first.focus()
    press(page, "Enter")
    page.page.wait_for_function(f"{FOCUSED} === 'st-key-prompt'")
    metric = page.pressed("metric")
    page.page.locator(".st-key-foil input").focus()
    press(page, "3", "m", "?")
    assert page.typed("foil") == "3m?"
    assert page.pressed("metric") == metric
    assert not page.page.evaluate(LISTED)

    page.page.locator(".st-key-foil input").fill("")
    page.page.locator(".st-key-prompt textarea").fill("red green blue red green")
    target = page.page.locator(".st-key-target input")
    target.fill(" blue")
    target.press("Control+Enter")
    asked = replace(example.SPEC, prompt="red green blue red green", target=" blue")
    link = address("", asked).removeprefix("/")
    page.page.wait_for_function("wanted => location.search.startsWith(wanted)", arg=link)
    page.settle()
    page.page.wait_for_function(f"{SAID}.includes('blue')")
    page.page.wait_for_function(f"{FOCUSED} === 'st-key-edit'")
