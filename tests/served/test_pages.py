"""From page to page in one session: nothing chosen or typed is lost, however quickly one goes."""

import pytest


@pytest.mark.parametrize("title", ["Patching", "Hypothesis"])
def test_a_tab_goes_straight_to_another_page(new_tab, server, title):
    for _ in range(2):  # the second tab finds everything loaded, and is quicker
        page = new_tab()
        page.visit_in_haste(server)
        page.wait_heatmap()
        page.go(title)
        page.wait_text("composer", "Mean-across-heads ablation, every position")
        page.go("Sweep")
        page.wait_heatmap()
        page.wait_text("in_words", "Mean-across-heads ablation, every position")


def test_what_is_chosen_and_typed_is_the_same_on_every_page(live):
    live.type_prompt("red green blue red green")
    live.type("target", " blue")
    live.type("foil", " red")
    live.choose("ablation", "zero")
    live.choose("positions", "last")
    live.choose("metric", "log odds")
    for title in ("Patching", "Hypothesis", "Sweep"):
        live.go(title)
        live.wait_text("in_words", "Zero ablation, the prompt's last position")
        assert live.typed("prompt") == "red green blue red green"
        assert live.typed("target") == " blue"
        assert live.typed("foil") == " red"
        assert live.pressed("ablation") == ["zero"]
        assert live.pressed("positions") == ["last"]
    assert live.pressed("metric") == ["log odds"]


def test_a_run_of_the_page_writes_over_nothing_that_is_chosen_meanwhile(live):
    """A browser takes a value that the server sets over what its reader has just chosen, and says
    so at its next look: the choice would be gone."""
    live.click_cell(1, 1)
    live.choose("head_view", "How much of it")
    live.choose("metric", "log odds")
    live.reach("rows")
    live.type("foil", " walked")
    widgets = {node.key: node for node in live.session.page.nodes.values() if node.value}
    assert {"head_view", "metric", "prompt", "foil", "ablation", "rows"} <= widgets.keys()
    for key, node in widgets.items():
        assert not getattr(node.content, node.kind).set_value, key
