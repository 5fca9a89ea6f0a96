"""Links in a real browser: Back, Forward and F5, and nothing of a link is rendered."""

from dataclasses import replace
from urllib.parse import urlencode

from support.addresses import address
from support.hostile import SCRIPT

from core.demo import example
from core.exports import links

FIRST = replace(example.SPEC, prompt="red green blue red green", target=" blue")
SECOND = replace(FIRST, target=" red")


def test_back_and_forward_go_between_two_sweeps_however_quickly_and_f5_stays(live):
    live.type_prompt(FIRST.prompt)
    for spec in (FIRST, SECOND):
        live.type("target", spec.target)
        live.run()
        live.wait_address(links.to_params(spec))

    for way, spec in ((live.page.go_back, FIRST), (live.page.go_forward, SECOND)):
        way()
        live.wait_value("target", spec.target)
        live.wait_text("baseline", spec.target.strip())
        live.settle()
        live.wait_gone("situation")
        live.wait_address(links.to_params(spec))
    live.page.go_back()
    live.wait_value("target", FIRST.target)
    live.page.go_back()  # at once: the example, which the tab began with
    live.wait_value("target", " jumps")
    live.settle()
    live.wait_address({})
    live.wait_text("baseline", "jumps")
    live.page.go_forward()
    live.wait_value("target", FIRST.target)

    live.wait_text("baseline", "blue")
    live.settle()
    live.choose("metric", "margin")
    live.click_cell(1, 1)
    live.choose("head_view", "Where it matters")
    params = {"metric": ["margin"], "head": ["L1H1"], "view": ["positions"]}
    live.wait_address(links.to_params(FIRST) | params)
    before, z = live.query(), live.z()
    live.page.reload()
    live.wait_text("head_detail", "L1H1 ablated")
    live.wait_heatmap()
    live.wait_text("view_positions", "Positions do not add up")
    live.settle()
    live.wait_gone("situation")
    assert live.z() == z
    assert live.query() == before
    assert live.typed("target") == FIRST.target
    assert live.outlined() == ["selected L1H1"]
    assert live.pressed("metric") == ["margin"]
    assert live.pressed("head_view") == ["Where it matters"]


def drawn_whole(page):
    """The head's view is there, and no fragment looks again: none writes an address any more."""
    page.wait_text("head_detail", "L1H1 ablated")
    page.wait_text("view_attention", "Attention pattern")
    page.settle()


def test_from_page_to_page_nothing_is_lost_and_back_is_one_step(new_tab, server):
    page = new_tab()
    page.visit(address(server, FIRST, head="L1H1", view="attention"))
    drawn_whole(page)
    on_sweep = links.to_params(FIRST) | {"head": ["L1H1"], "view": ["attention"]}
    page.wait_address(on_sweep)
    page.go("History")
    page.wait_text("history", "Search")
    page.wait_address({})
    page.go("Hypothesis")
    page.wait_text("statement", "All heads that look like")
    page.wait_address(links.to_params(FIRST))
    page.go("Sweep")
    drawn_whole(page)
    page.wait_address(on_sweep)

    for part, params, key, said in (
        ("/hypothesis", links.to_params(FIRST), "statement", "All heads that look like"),
        ("/history", {}, "history", "Search"),
        ("/", on_sweep, "view_attention", "Attention pattern"),
    ):
        page.page.go_back()
        page.page.wait_for_function("p => location.pathname === p", arg=part)
        page.wait_text(key, said)  # its script runs: before that, a page seems to be at rest
        page.settle()
        page.wait_address(params)
    page.wait_value("target", FIRST.target)
    page.wait_text("head_detail", "L1H1 ablated")
    parameters_before_their_path(page.page)


def parameters_before_their_path(tab):
    """A busy browser may write a page's parameters first, beside the path that is left."""
    steps = """clicked => {
      const before = location.href;
      window.dispatchEvent(new Event(clicked ? "pointerdown" : "popstate"));
      history.pushState({}, "", "?model=demo");
      history.pushState({}, "", "/elsewhere?model=demo");
      const after = location.pathname + location.search;
      return new Promise(done => {
        window.addEventListener("popstate", event => {
          event.stopImmediatePropagation();  // Streamlit knows no such page
          done([before, after, location.href]);
        }, { capture: true, once: true });
        history.back();
      });
    }"""
    for clicked in (True, False):
        before, after, back = tab.evaluate(steps, clicked)
        assert after == "/elsewhere?model=demo"
        assert back == before


def test_nothing_that_a_link_says_is_rendered(new_tab, server):
    names = ("prompt", "target", "foil", "metric", "view", "head")
    asked = dict.fromkeys(names, SCRIPT) | {"foil": f" {SCRIPT}", "model": SCRIPT}
    page = new_tab()
    page.visit(f"{server}/?{urlencode(asked)}")
    page.wait_banner("This link asks for the model")
    assert SCRIPT[:60] in page.banners()
    page.wait_value("target", SCRIPT)
    assert page.typed("prompt") == SCRIPT
    assert page.page.locator("img[src=x]").count() == 0
    assert page.page.locator(".katex").count() == 0
