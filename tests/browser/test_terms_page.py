"""What a term means, where it stands: by pointer, keyboard and touch, whole on every screen."""

BOX = """() => {
  const tip = document.querySelector('#hs-tip').getBoundingClientRect();
  return [tip.left >= 0, tip.right <= innerWidth, tip.top >= 0, tip.bottom <= innerHeight];
}"""
STOPS = """() => Object.values(Object.groupBy(
    [...document.querySelectorAll('.hs-term')].filter(term => term.tabIndex === 0),
    term => term.dataset.term)).map(same => same.filter(term => term.offsetParent).length)"""


def test_a_term_is_told_to_the_pointer_to_the_keyboard_and_goes_with_escape(live):
    page = live.page
    tip = page.locator("#hs-tip")
    terms = page.locator(".st-key-findings .hs-term[data-term=pp]")
    terms.first.hover()
    tip.wait_for(state="visible")
    assert tip.inner_text().startswith("pp Percentage points")
    assert page.evaluate(BOX) == [True] * 4
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    stop = page.locator(".st-key-findings .hs-term[tabindex='0']:not(.again)").first
    stop.focus()
    assert tip.is_visible()
    assert stop.get_attribute("aria-describedby") == tip.get_attribute("id")
    assert tip.get_attribute("role") == "tooltip"
    page.keyboard.press("Tab")
    assert stop.get_attribute("aria-describedby") is None
    assert max(page.evaluate(STOPS)) == 1, "each term is a Tab stop once on a page"
    page.emulate_media(media="print")
    assert terms.first.evaluate("term => getComputedStyle(term).textDecorationLine") == "none"
    page.emulate_media(media="screen")


def test_on_a_phone_a_touch_shows_it_whole_and_another_ends_it(open_page):
    page = open_page(width=390).page
    tip = page.locator("#hs-tip")
    for term in page.locator(".st-key-findings .hs-term").all()[:4]:
        term.click()
        assert tip.is_visible()
        assert page.evaluate(BOX) == [True] * 4
    page.locator(".st-key-findings h4").click()
    assert tip.is_hidden()


def test_the_glossary_opens_at_a_term_and_its_links_go_to_others(new_tab, server):
    page = new_tab().page
    page.goto(f"{server}/glossary#term-log-odds")
    entry = page.locator("#term-log-odds")
    entry.wait_for()
    page.wait_for_function(
        "(() => { const at = document.querySelector('#term-log-odds').getBoundingClientRect();"
        " return at.top > 0 && at.bottom < innerHeight; })()"
    )
    assert page.locator("h1").inner_text() == "Glossary"
    page.get_by_role("link", name="What heads do").click()
    page.wait_for_function(
        "document.querySelector('#group-what-heads-do').getBoundingClientRect().top < 300"
    )
    assert page.locator("#term-induction-head").is_visible()
