"""What a reader finds again: after F5, when the server is back."""

import pytest
from support.dashboard_page import prepared_tab

PLACE = "document.querySelector('[data-testid=stMain]').scrollTop"
SOCKETS = """window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.sockets.push(this); }
};"""


def test_a_reload_keeps_what_was_typed_the_place_the_head_and_the_view(open_page, server):
    page = open_page(url=f"{server}/?head=L1H0&view=logits")
    page.wait_live()
    page.reach("prompt")
    page.page.locator(".st-key-prompt textarea").fill("red green blue red green")
    page.page.locator(".st-key-target input").fill(" never swept")
    page.page.evaluate(f"{PLACE} = 400")
    page.page.reload()
    page.wait_heatmap()
    page.page.wait_for_function(  # and touches nothing meanwhile
        "document.querySelector('.st-key-target input')?.value === ' never swept'"
    )
    page.page.wait_for_function(f"Math.abs({PLACE} - 400) < 5")
    page.settle()
    assert page.typed("prompt") == "red green blue red green"
    assert page.outlined() == ["selected L1H0"]
    assert page.pressed("head_views") == ["What it says"]

    page.page.goto(f"{server}/?head=L1H0")
    page.wait_heatmap()
    page.settle()
    page.page.wait_for_timeout(1000)
    assert page.typed("target") == " jumps", "an address that is opened says what is typed"


@pytest.mark.slow
def test_a_server_that_is_gone_is_said_to_be_so_and_the_page_goes_on_with_it(chromium, server):
    context = chromium.new_context()
    context.add_init_script(SOCKETS)
    page = prepared_tab(context)
    page.goto(server)
    page.locator(".st-key-heatmap .hs-cell").first.wait_for()
    context.set_offline(True)
    page.evaluate("window.sockets.forEach(each => each.close())")
    page.locator(".hs-gone", has_text="Headsweep’s server does not answer").wait_for()
    assert page.locator("[role=dialog]").count() == 0
    context.set_offline(False)
    page.locator(".hs-gone").wait_for(state="detached")
    page.locator(".hs-cell").first.click()
    page.locator(".hs-head").wait_for()
    context.close()
