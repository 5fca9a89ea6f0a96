"""From page to page in a real browser: nothing on screen is lost.

Tabs that go before a page is drawn are in tests/served.
"""

from dataclasses import replace

from support.addresses import address

from core.demo import example
from core.spec.ablation import AblationKind


def test_a_tab_goes_straight_to_another_page_with_all_that_its_address_says(open_page, server):
    spec = replace(
        example.SPEC,
        prompt="red green blue red green",
        target=" blue",
        foil=" red",
        ablation=AblationKind.ZERO,
        positions="last",
    )
    page = open_page(url=address(server, spec, metric="log odds"))
    for title in ("Hypothesis", "Patching", "Sweep"):
        page.go(title)
        page.wait_text("in_words", "Zero ablation, the prompt's last position")
        page.wait_value("prompt", "red green blue red green")
        assert page.typed("target") == " blue"
        assert page.typed("foil") == " red"
        assert page.pressed("ablation") == ["zero"]
        assert page.pressed("positions") == ["last"]
    assert page.pressed("metric") == ["log odds"]
