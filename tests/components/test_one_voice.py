"""What is said of a run is the same, word for word, wherever it is said."""

import dataclasses
import html
import io
import json
import re

import pytest
from rich.console import Console

from components.exports.report import report_data
from components.figures.base.look import Look
from components.figures.printed_heatmap import printed_heatmap
from components.widgets.composer.token_strip import Strip, token_strip
from components.widgets.page.metric_row import metric_row
from components.widgets.sweep.facts import baseline_facts
from components.widgets.sweep.findings import findings_panel, lead
from components.words.markup import quiet_html
from core.cli.sweep import print_table
from core.demo import example
from core.exports.notebook import notebook
from core.results.account import account
from core.results.captions import layer_effect_words, provenance_words
from core.results.facts import baseline_of, fact_words
from core.results.finding_words import CAVEATS
from core.results.findings import findings
from core.results.leading import opening
from core.results.metrics import PROB
from core.spec.ablation import AblationKind
from core.text.words import phrase, plain

SAVED, EFFECTS = example.saved(), example.saved_layer_effects()
HOSTILE = "<b>*x*</b> $y$"


def changed(**changes):
    spec = dataclasses.replace(SAVED.spec, **changes.pop("spec", {}))
    return dataclasses.replace(SAVED, spec=spec, **changes, _index={})


def with_a_foil(foil, foil_tokens, **changes):
    """The saved run, each head's lead over a foil being its log prob."""
    heads = tuple(
        dataclasses.replace(head, logit_diff_change=head.logprob_change) for head in SAVED.heads
    )
    baseline = dataclasses.replace(SAVED.baseline, logit_diff=1.5)
    return changed(
        spec={"foil": foil, **changes.pop("spec", {})},
        foil_tokens=foil_tokens,
        heads=heads,
        baseline=baseline,
        **changes,
    )


LONGER = {"spec": {"target": " jumps over"}, "target_tokens": (" jumps", " over")}
RUNS = {
    "saved": SAVED,
    "of a set": changed(spec={"target": (" jumps", " sat")}, target_tokens=(" jumps", " sat")),
    "with markup in its target": changed(spec={"target": HOSTILE}, target_tokens=(HOSTILE,)),
    "stopped": changed(heads=SAVED.heads[:4]),
    "of another kind": changed(spec={"ablation": AblationKind.ZERO}),
    "with a foil": with_a_foil(" sat", (" sat",)),
    "with markup in its foil": with_a_foil(HOSTILE, (HOSTILE,), **LONGER, parts_at=0),
    "of an older Headsweep": with_a_foil(" sat", (" sat",), **LONGER),
    "near 1, and not first": changed(
        baseline=dataclasses.replace(SAVED.baseline, prob=0.98, rank=1_234)
    ),
    "in bfloat16": changed(
        provenance=dataclasses.replace(
            SAVED.provenance, dtype="bfloat16", float32_distance=0.17, reference_longest=9
        )
    ),
}


@pytest.fixture(params=list(RUNS), ids=str, scope="module")
def result(request):
    return RUNS[request.param]


@pytest.fixture
def page(monkeypatch):
    """What the page is given, without its tags: page(draw) is the text of what `draw` draws."""
    drawn = []
    monkeypatch.setattr("streamlit.html", lambda body, **_: drawn.append(body))

    def text_of(draw, *given):
        drawn.clear()
        draw(*given)
        return bare("".join(drawn))

    return text_of


def bare(markup):
    """A page's or a figure's text: its tags go, and the joints that keep Plotly from formulas."""
    untagged = re.sub(r"<[^>]*>", "", markup.replace("<br>", " · "))
    return squeezed(html.unescape(untagged).replace("\u200b", ""))


def squeezed(text):
    """A text without what a line's end may take or add: spaces, and the sign between parts."""
    return re.sub(r"[\s·]", "", text)


def of_pairs(pairs):
    return squeezed("".join(text for text, _ in pairs))


@pytest.fixture(scope="module")
def terminal(result):
    file = io.StringIO()
    print_table(result, Console(file=file, width=70), None, EFFECTS)
    return squeezed(file.getvalue())


@pytest.fixture(scope="module")
def report(result):
    """With all its figures, which take longest: once a run."""
    return report_data(result, EFFECTS, "")


@pytest.fixture
def shown(result, page):
    """The page's own words of a run: its cards, the line above the heatmap, its findings."""
    metric, found = opening(result).metric, findings(result, None, EFFECTS)
    return "".join(
        (
            page(lead, found),
            page(baseline_facts, result),
            page(metric_row, phrase(metric.title), result),
            page(findings_panel, result, found),
        )
    )


@pytest.fixture(scope="module")
def in_notebook(result):
    """All that the notebook's first cell says."""
    return squeezed("".join(json.loads(notebook(result))["cells"][0]["source"]))


@pytest.mark.slow
def test_why_findings_and_caveats(result, report, terminal, in_notebook, shown):
    """Every sentence, in every medium; none has another of them less.

    A notebook measures no whole layers, so that it says nothing of them.
    """
    said, of_heads = account(result, None, EFFECTS), account(result)
    assert report["opening"] == said.metric.field
    assert report["why"] == said.why != ""
    assert report["caveats"] == list(said.caveats) != []
    opened = report["findings"][report["opening"]]
    assert list(map(of_pairs, opened)) == [squeezed(plain(each)) for each in said.findings] != []
    sentences = (said.why, *map(plain, said.findings), CAVEATS, *said.caveats)
    assert set(map(plain, said.findings)) >= {plain(each.words) for each in said.joint_layers}
    for medium in (shown, terminal):
        for sentence in map(squeezed, sentences):
            assert sentence in medium
    for sentence in (said.why, *map(plain, of_heads.findings), CAVEATS, *said.caveats):
        assert squeezed(sentence) in in_notebook


def test_facts(result, report, terminal, in_notebook, shown):
    told = report["facts"][report["opening"]]
    for number, fact in enumerate(told):
        title, detail = of_pairs(fact["title"]), of_pairs(fact["detail"])
        on_page = number < len(baseline_of(result))  # the largest changes are in its findings
        assert not on_page or title + squeezed(fact["value"]) + detail in shown
        assert title + ":" + squeezed(fact["value"]) in terminal
        assert detail in terminal
    said = account(result)
    assert len(told) == len(said.facts) + 1
    for fact in said.facts:  # how long it took is no part of a notebook
        assert squeezed(plain(fact_words(fact))) in in_notebook


def test_provenance(result, report, terminal):
    said = "".join(map(of_pairs, report["provenance"]))
    assert bare(quiet_html(provenance_words(result))) == said
    assert said in terminal
    foot = bare(printed_heatmap(result, PROB, Look()).layout.annotations[-1].text)
    assert foot == said


def test_what_the_bars_are(result, report):
    effects = EFFECTS
    said = of_pairs(report["marginWords"])
    assert bare(quiet_html(layer_effect_words(result, effects))) == said
    foot = printed_heatmap(result, PROB, Look(), layer_effects=effects).layout.annotations[-1]
    assert bare(foot.text).startswith(said)


def test_the_count_beneath_the_tokens(result, report, page):
    is_set = isinstance(result.spec.target, tuple)
    strip = Strip(result.tokens, result.special, result.target_tokens, True, is_set)
    assert page(token_strip, strip).endswith(of_pairs(report["count"]))
