"""The report's file: whole, closed to the network, and with nothing typed as markup."""

import base64
import dataclasses
import hashlib
import json
from html.parser import HTMLParser

import pytest
from support.hostile import IMAGE

from components.exports.report import html, report_data
from components.figures.base.look import Look
from components.figures.head_heatmap import head_heatmap
from core.demo import example
from core.results.layer_effects import LayerEffects
from core.results.metrics import KL, METRICS, PROB
from core.results.result import SweepResult

HOSTILE = f"{IMAGE}</script><!-- $x$ &amp; \u2028"


class Read(HTMLParser):
    """The elements of a file, their attributes, and what is in scripts, styles and templates."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.inside, self._open = [], [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = tag if tag in ("script", "style") else None
        if self._open:
            self.inside.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open:
            self.inside[-1][2].append(data)

    def texts(self, tag, kind=None):
        return [
            "".join(data)
            for name, attrs, data in self.inside
            if name == tag and attrs.get("type") == kind
        ]


@pytest.fixture(scope="module")
def hostile() -> SweepResult:
    result = example.saved()
    spec = dataclasses.replace(result.spec, prompt=HOSTILE, target=HOSTILE, model=HOSTILE)
    odd = dataclasses.replace(result.baseline, top=((HOSTILE, 0.5), *result.baseline.top[1:]))
    heads = tuple(
        dataclasses.replace(each, top=((HOSTILE, 0.5), *each.top[1:])) for each in result.heads
    )
    return dataclasses.replace(
        result,
        spec=spec,
        tokens=(HOSTILE, *result.tokens[1:]),
        target_tokens=(HOSTILE,),
        baseline=odd,
        heads=heads,
        _index={},
    )


@pytest.fixture(scope="module")
def text(hostile):
    return html(hostile, example.saved_layer_effects(), HOSTILE)


@pytest.fixture(scope="module")
def read(text):
    return Read(text)


def embedded(read):
    (data,) = read.texts("script", "application/json")
    return json.loads(data)


@pytest.mark.slow
def test_the_data_in_the_file_is_the_result(read, hostile):
    data = embedded(read)
    assert data["result"] == json.loads(hostile.to_json())
    assert SweepResult.from_dict(data["result"]) == hostile
    assert LayerEffects.from_dict(data["margins"]) == example.saved_layer_effects()
    assert data["title"] == HOSTILE.replace(" \u2028", "")


def test_figures_are_the_dashboards(read, hostile):
    figures = embedded(read)["figures"]
    for name, look in (("light", Look()), ("dark", Look(dark=True))):
        for metric in (PROB, KL):
            drawn = head_heatmap(
                hostile,
                metric,
                look,
                layer_effects=example.saved_layer_effects(),
                beside="not measured",
            )
            assert figures[name][metric.field] == json.loads(drawn.to_json())


def test_nothing_typed_is_markup(text, read):
    assert "<img src=x" not in text
    tags = {tag for tag, _ in read.elements}
    assert "img" not in tags
    assert len(read.texts("script")) == 2  # plotly.js and the report's own
    assert not [name for _, attrs in read.elements for name in attrs if name.startswith("on")]
    own = read.texts("script")[1]
    for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch("):
        assert way not in own


def test_nothing_is_loaded_from_anywhere(text, read):
    assert not [attrs for _, attrs in read.elements if {"src", "href", "action"} & set(attrs)]
    assert not {tag for tag, _ in read.elements} & {"link", "iframe", "object", "embed", "base"}
    plotly = read.texts("script")[0]
    assert "://" in plotly  # names of XML's spaces, and what maps would load
    assert "://" not in text.replace(plotly, "")
    (style,) = read.texts("style")
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_forbids_the_network_and_names_each_script_and_style(read):
    (policy,) = [
        attrs["content"]
        for tag, attrs in read.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"

    def hashed(text):
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    assert rules["script-src"].split() == [hashed(each) for each in read.texts("script")]
    (style,) = read.texts("style")
    assert rules["style-src-elem"].split() == [hashed(style), hashed("")]
    assert not set(rules) & {"connect-src", "font-src", "frame-src", "worker-src"}
    assert rules["img-src"] == "data:"
    # The policy stands before anything that it is for.
    tags = [tag for tag, _ in read.elements]
    assert tags.index("meta") < tags.index("style") < tags.index("script")


@pytest.fixture(scope="module")
def bare():
    """The data of a report without layer effects and without a title."""
    return report_data(example.saved(), None, "")


@pytest.mark.slow
def test_only_what_was_measured_can_be_chosen(bare):
    result = example.saved()
    fields = [each["field"] for each in bare["metrics"]]
    assert fields == [metric.field for metric in METRICS if not metric.needs_foil]
    base = dataclasses.replace(result.baseline, logit_diff=1.5)
    heads = tuple(dataclasses.replace(each, logit_diff_change=-0.5) for each in result.heads)
    with_foil = dataclasses.replace(
        result,
        spec=dataclasses.replace(result.spec, foil=" John"),
        foil_tokens=(" John",),
        baseline=base,
        heads=heads,
        _index={},
    )
    fields = [each["field"] for each in report_data(with_foil, None, "")["metrics"]]
    assert "logit_diff_change" in fields


def test_without_layer_effects_nothing_is_said_of_them(bare):
    assert (bare["margins"], bare["marginWords"], bare["first"]) == (None, [], {})


@pytest.mark.slow
def test_the_same_run_is_the_same_file(hostile, text):
    assert html(hostile, example.saved_layer_effects(), HOSTILE) == text
