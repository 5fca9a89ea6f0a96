"""A phone: one tap does what a click does, the menu goes away, and nothing is cut."""

import pytest
from support.dashboard_page import DashboardPage, prepared_tab
from support.serving import STILL

PAGES = ("Hypothesis", "Patching", "History", "Compare", "Sweep")
CUT = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('[data-testid=stMain]'))"
BUTTONS = """() => [...document.querySelectorAll('.st-key-verdict button')]
  .filter(button => button.offsetParent !== null)
  .map(button => button.querySelector('[data-testid=stMarkdownContainer]'))
  .map(text => [text.innerText, text.scrollWidth > text.clientWidth])"""
"""Streamlit draws a button with a hint twice, and shows one of the two."""

MENU = "document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right"


@pytest.fixture
def phone(chromium, server):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.add_init_script(STILL)
    page = DashboardPage(prepared_tab(context))
    page.open(server)
    yield page
    context.close()


def test_one_tap_opens_a_head_and_the_menu_leads_to_pages_that_are_whole(phone):
    phone.wait_live()
    phone.page.locator(".hs-cell").nth(4).tap()
    phone.settle()
    assert phone.outlined() == ["selected L1H0"]
    assert phone.page.evaluate(CUT) <= 0
    found = phone.page.evaluate(BUTTONS)
    assert len(found) > 1
    assert not [name for name, is_cut in found if is_cut], found
    for title in PAGES:
        phone.page.locator("[data-testid=stExpandSidebarButton]").tap()
        phone.page.locator("[data-testid=stSidebarNavLink]", has_text=title).tap()
        phone.page.wait_for_function(f"document.title === '{title} · Headsweep'")
        phone.page.wait_for_function(f"{MENU} <= 0")
        phone.settle()
        assert phone.page.evaluate(CUT) <= 0, title
