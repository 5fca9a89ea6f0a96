"""The sweep in a real browser: cells clicked and hovered, rows and words by keyboard."""

from support.for_everybody import shuts_nobody_out

from core.demo import example
from core.spec.heads import Head


def is_selected(page, head: Head) -> None:
    page.wait_text("head_detail", f"{head.label} ablated")
    assert page.outlined() == [f"selected {head.label}"]


def test_cells_are_hovered_and_clicked_and_the_ranking_and_the_typing_keep_the_focus(live):
    a_head_is_hovered(live)
    every_point_of_a_cell_belongs_to_it_and_a_second_click_changes_nothing(live)
    cells_are_walked_through_by_keys(live)
    live.resize(1440)
    the_ranking_keeps_the_focus_and_so_does_the_typing(live)
    shuts_nobody_out(live, "Sweep")


def every_point_of_a_cell_belongs_to_it_and_a_second_click_changes_nothing(live):
    n_layers, n_heads = example.saved().shape
    for width, head, fx, fy in (
        (1440, Head(0, 0), 0.04, 0.06),
        (1440, Head(1, 2), 0.94, 0.06),
        (800, Head(n_layers - 1, n_heads - 1), 0.96, 0.94),
        (800, Head(1, 1), 0.06, 0.94),
    ):
        if width != live.page.viewport_size["width"]:
            live.resize(width)
        live.click_cell(*head, fx, fy)
        is_selected(live, head)

    live.click_cell(1, 1)
    is_selected(live, Head(1, 1))


def cells_are_walked_through_by_keys(live):
    """One stop of Tab; arrows go on, and the open head with them; Escape closes it."""
    live.click_cell(1, 1)
    stops = live.page.locator('.hs-cell[tabindex="0"]')
    assert stops.count() == 1
    stops.focus()
    for key, head in (("ArrowRight", Head(1, 2)), ("ArrowDown", Head(2, 2)), ("Home", Head(2, 0))):
        live.page.keyboard.press(key)
        is_selected(live, head)
        assert stops.get_attribute("data-head") == str(head.head)
    live.page.keyboard.press("Escape")
    live.wait_text("next", "Click a cell")
    assert live.outlined() == []
    live.page.keyboard.press("ArrowUp")
    live.page.keyboard.press("Enter")
    is_selected(live, Head(1, 0))
    live.page.keyboard.press("Escape")
    live.wait_text("next", "Click a cell")


def a_head_is_hovered(live):
    first = example.saved().ranked()[0]
    label = live.hover_cell(*first.address)
    assert first.address.label in label
    assert f"{100 * example.saved().baseline.prob:.1f} %" in label
    assert f"{abs(100 * first.prob_change):.1f} pp" in label


def the_ranking_keeps_the_focus_and_so_does_the_typing(live):
    first, second = example.saved().ranked()[:2]
    live.reach("ranking")
    canvas = live.page.locator(".st-key-ranking canvas").first
    box = canvas.bounding_box()
    live.page.mouse.click(box["x"] + 40, box["y"] + 55)
    live.wait_text("head_detail", f"{first.address.label} ablated")
    live.page.keyboard.press("ArrowDown")
    is_selected(live, second.address)

    live.reach("prompt")
    box = live.page.locator(".st-key-prompt textarea")
    box.press("End")
    box.press_sequentially(" over", delay=20)
    live.page.wait_for_function(
        "Array.from(document.querySelectorAll('.st-key-token_strip .hs-tok')).map(t => t.innerText)"
        ".slice(-2)[0] === '␣over'"
    )
    assert live.page.evaluate("document.activeElement.tagName") == "TEXTAREA"
