"""The comparison in a real browser: clicks on its figures, Back and F5, and prompts as typed.

What needs no browser is in tests/served.
"""

from dataclasses import replace

from support.comparisons import is_shown, sides
from support.for_everybody import shuts_nobody_out
from support.hostile import IMAGE

from core import run_sweep
from core.demo import example
from core.exports import links
from core.results.comparison import compare
from core.spec.ablation import AblationKind

PROMPT = f"Once more. {example.SPEC.prompt}"
SPECS = (
    replace(example.SPEC, prompt=PROMPT),
    replace(example.SPEC, prompt=f"{IMAGE} {PROMPT}", ablation=AblationKind.ZERO),
)
OUTLINES = "(gd.layout.shapes || []).map(s => s.name).filter(n => n?.startsWith('selected'))"


def test_clicks_choose_heads_back_and_f5_keep_to_them_and_prompts_are_no_markup(
    new_tab, server, demo
):
    page = new_tab()
    asked = sides(*SPECS) | {"metric": ["log prob"]}
    page.visit(f"{server}/compare?{links.query_of(asked)}")
    runs = [run_sweep(demo, spec) for spec in SPECS]
    is_shown(page, *runs, "logprob_change")
    assert SPECS[1].prompt in page.text("comparison")
    assert page.page.locator("img[src=x]").count() == 0

    best, second = (each.head for each in compare(*runs, "logprob_change").moved[:2])
    page.click_head("comparison_maps", *best)
    page.wait_address(asked | {"head": [best.label]})
    assert page.of_figure("comparison_maps", OUTLINES) == [f"selected {best.label}"] * 3
    assert f"<b>{best.label}</b>" in page.of_figure(
        "comparison_scatter", "gd.layout.annotations.map(a => a.text)"
    )
    page.page.wait_for_timeout(1600)
    page.page.go_back()
    page.wait_address(asked)
    page.settle()
    assert page.of_figure("comparison_maps", OUTLINES) == []

    page.click_head("comparison_scatter", *second)
    page.wait_address(asked | {"head": [second.label]})
    page.page.reload()
    is_shown(page, *runs, "logprob_change")
    page.wait_address(asked | {"head": [second.label]})
    assert page.of_figure("comparison_maps", OUTLINES) == [f"selected {second.label}"] * 3
    shuts_nobody_out(page, "Compare")
