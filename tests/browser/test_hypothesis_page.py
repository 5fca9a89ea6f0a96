"""A hypothesis in a real browser: picked by clicks, locked, and its table of variants.

What needs no browser is in tests/served/test_hypothesis_page.py.
"""

from dataclasses import replace

import numpy as np
from support.for_everybody import shuts_nobody_out

from core.demo import example
from core.exports import links
from core.hypotheses.held_out import held_out
from core.hypotheses.keep_only import keep_only_spec
from core.hypotheses.search import greedy
from core.progress import run_to_end
from core.sweep.scorer import Scorer


def type_variants(page, text):
    box = page.page.locator(".st-key-own_variants textarea")
    box.fill(text)
    box.press("Control+Enter")
    page.settle()


def variant_rows(page, count):
    """The table's cells once there are so many rows: its canvas holds a table for readers."""
    page.page.wait_for_function(
        "n => document.querySelectorAll('.st-key-variants [role=grid] tbody tr').length === n",
        arg=count,
        timeout=20_000,
    )
    return page.page.evaluate(
        "Array.from(document.querySelectorAll('.st-key-variants [role=grid] tbody tr'), row =>"
        " Array.from(row.querySelectorAll('td'), cell => cell.textContent))"
    )


def test_from_a_grid_that_shows_no_effect_to_variants_of_ones_own(fresh, demo):
    fresh.type("predicted", "10")
    fresh.type("predicted", "")
    assert "the probability you expect" in fresh.text("statement"), "emptied, it predicts nothing"
    fresh.type("heads", "<b>L0H0</b>")
    fresh.wait_error("<b>L0H0</b>")
    assert fresh.page.locator(".st-key-lock button").is_disabled()
    assert fresh.page.locator(".st-key-heads input").input_value() == "<b>L0H0</b>"
    fresh.type("heads", "")

    fresh.click_head("pick-", 0, 2)
    fresh.wait_value("heads", "L0H2")
    fresh.click_head("pick-", 2, 1)
    fresh.wait_value("heads", "L0H2, L2H1")
    fresh.click_head("pick-", 0, 2)
    fresh.wait_value("heads", "L2H1")
    values = fresh.of_figure("pick-", "gd.data[0].z.map(row => Array.from(row))")
    assert {v for row in values for v in row} == {0, 1}

    fresh.choose("outcome", "leaves it standing")
    fresh.type("predicted", "60")
    fresh.click_button("lock")
    fresh.wait_text("hypothesis_verdict", "Measured")
    fresh.click_button("find_smallest")
    fresh.wait_text("found_set", "Both ways are greedy")
    fresh.page.wait_for_selector(".st-key-variants [data-testid=stDataFrame]")
    pairs = [("A small bird sings over the river. A small bird", " sings"), ("once a", " day")]
    type_variants(fresh, f"{pairs[0][0]} =>{pairs[0][1]}\n\n{pairs[1][0]} => ␣day")
    own_variants_are_shown(fresh, demo, pairs)


def test_a_reload_keeps_what_was_locked_and_another_tab_knows_who_has_looked(new_tab, server):
    """By a cookie that only a browser keeps and brings along."""
    spec = replace(example.SPEC, prompt="nine owls sang. nine owls", target=" sang")
    blank = f"{server}/hypothesis?{links.query_of(links.to_params(spec))}"
    page = new_tab(whose="predicting")
    page.visit(blank)
    page.wait_text("statement", "All heads that look like")
    page.type("heads", "L1H0")
    page.choose("outcome", "breaks it")
    page.type("predicted", "5")
    page.click_button("lock")
    page.wait_text("hypothesis_verdict", "Measured")
    page.page.wait_for_url("**/hypothesis?prediction=*")
    said = page.text("under_test")
    assert ", before looking" in said
    page.page.reload()
    page.wait_text("hypothesis_verdict", "Measured")
    assert page.text("under_test") == said
    other = new_tab(whose="predicting")
    other.visit(blank)
    other.wait_text("statement", "the verdict will say “after looking”")
    assert "headsweep_browser" not in page.page.evaluate("document.cookie"), "no script reads it"
    shuts_nobody_out(page, "Hypothesis")


def own_variants_are_shown(page, demo, pairs):
    """As the last rows of the table, each probability to a tenth."""
    spec = keep_only_spec(example.SPEC)
    *_, found = greedy(Scorer(demo, spec))
    own = [replace(spec, prompt=prompt, target=target) for prompt, target in pairs]
    expected = run_to_end(held_out(demo, spec, found.heads, own))
    rows = variant_rows(page, 7)
    assert [row[:2:-1] for row in rows[5:]] == [[p, t.replace(" ", "␣")] for p, t in pairs]
    for row, one in zip(rows[5:], expected, strict=True):
        shown = [float(cell) for cell in row[:3]]
        measured = [one.kept.prob_share, one.kept.baseline.prob, one.kept.effect.prob]
        assert np.allclose(shown, 100 * np.array(measured), atol=0.051)
