"""One HTML file that shows a finished sweep to anyone with a browser, without a network.

The figures are the dashboard's own, drawn by the Plotly in the file. Whatever was typed is data: it
stands in one block of JSON and the script sets it as text. A content security policy lets nothing
run or load but what is in the file, by its hash.
"""

import base64
import hashlib
import json
import re
from string import Template
from typing import Any

from components.assets import asset
from components.figures.base.look import FONT, MONO, Look, ink_on
from components.figures.head_heatmap import head_heatmap
from core.prompts.token_words import token_count_words
from core.prompts.tokens import visible_text
from core.results.account import account
from core.results.captions import layer_effect_words, provenance_parts
from core.results.facts import Fact
from core.results.layer_effects import LayerEffects
from core.results.leading import leading_of
from core.results.metrics import METRICS, Metric
from core.results.result import SweepResult
from core.text.numbers import share_of
from core.text.words import Words

LOOKS = {"light": Look(), "dark": Look(dark=True)}
_AMBER = {"light": "#9a6200", "dark": "#e0a33a"}
_CHIP = {"light": "#ffffff", "dark": "#1d1f26"}


def html(result: SweepResult, layer_effects: LayerEffects | None = None, title: str = "") -> str:
    """The report as the text of one file, about 5 MB, most of it plotly.js."""
    from plotly.offline import get_plotlyjs

    style = "\n".join([*map(_variables, LOOKS), asset("css/report.css")])
    scripts = {"plotly": get_plotlyjs(), "script": asset("js/report.js")}
    return Template(asset("html/report.html")).substitute(
        policy=_policy(style, tuple(scripts.values())),
        style=style,
        unwanted=_unwanted(scripts["plotly"]),
        data=_embedded(report_data(result, layer_effects, title)),
        **scripts,
    )


def report_data(
    result: SweepResult, layer_effects: LayerEffects | None, title: str
) -> dict[str, Any]:
    """Everything the report shows, as plain JSON types; `result` is the json contract."""
    spec, first = result.spec, account(result, None, layer_effects)
    measured = [each for each in METRICS if each.measures(result)]
    said = {each.field: account(result, each, layer_effects) for each in measured}
    return {
        "title": " ".join(title.split()),
        "result": result.to_dict(),
        "margins": None if layer_effects is None else layer_effects.to_dict(),
        "metrics": [_metric(each) for each in measured],
        "figures": _figures(result, layer_effects),
        "tokens": _tokens(result),
        "target": [visible_text(text) for text in result.target_tokens],
        "targetIsSet": isinstance(spec.target, tuple),
        "count": _pairs(_count(result)),
        "shown": _shown(result),
        "opening": first.metric.field,
        "why": first.why,
        "facts": {
            field: [_fact(fact) for fact in (*each.facts, each.swept)]
            for field, each in said.items()
        },
        "findings": {
            field: [_pairs(sentence) for sentence in each.findings] for field, each in said.items()
        },
        "caveats": list(first.caveats),
        "first": _first_position(result, layer_effects),
        "marginWords": []
        if layer_effects is None
        else _pairs(layer_effect_words(result, layer_effects)),
        "provenance": [_pairs(part) for part in provenance_parts(result)],
        "made": _made(result),
    }


def _pairs(said: Words) -> list[tuple[str, str]]:
    """Words as the report's script takes them: (text, name of its style)."""
    return [(span.text, span.style.value) for span in said]


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "title": _pairs(fact.title),
        "value": fact.value,
        "detail": _pairs(fact.detail),
        "likeliest": [[each.text, each.prob, each.is_target] for each in fact.likeliest],
    }


def _count(result: SweepResult) -> Words:
    return token_count_words(
        len(result.tokens),
        has_bos=bool(result.spec.prepend_bos),
        n_target=len(result.target_tokens),
        target_is_set=isinstance(result.spec.target, tuple),
        n_typed_special=sum(kind == "typed" for _, kind in _tokens(result)),
    )


def _metric(metric: Metric) -> dict[str, Any]:
    """What the script needs to name a metric, and to write its values."""
    names = "field", "short", "title", "unit", "column", "label"
    numbers = "meaning", "factor", "digits", "signed"
    return {name: getattr(metric, name) for name in (*names, *numbers)}


def _figures(result: SweepResult, layer_effects: LayerEffects | None) -> dict[str, dict[str, Any]]:
    """By look and metric: a figure's own JSON."""
    return {
        name: {
            metric.field: json.loads(
                head_heatmap(
                    result, metric, look, layer_effects=layer_effects, beside="not measured"
                ).to_json()
            )
            for metric in METRICS
            if metric.measures(result)
        }
        for name, look in LOOKS.items()
    }


def _tokens(result: SweepResult) -> list[tuple[str, str]]:
    """The prompt's tokens, visible, each with its kind."""
    has_bos = bool(result.spec.prepend_bos)
    kinds = [
        "bos" if position == 0 and has_bos else "typed" if special else ""
        for position, special in enumerate(result.special)
    ]
    return [(visible_text(text), kind) for text, kind in zip(result.tokens, kinds, strict=True)]


def _shown(result: SweepResult) -> dict[str, str]:
    """Each token that is predicted anywhere, as it is shown."""
    tops = (result.baseline.top, *(effect.top for effect in result.heads))
    texts = {text for top in tops for text, _ in top} | set(result.target_tokens)
    return {text: visible_text(text) for text in sorted(texts)}


def _first_position(result: SweepResult, layer_effects: LayerEffects | None) -> dict[str, str]:
    """What part of a head's change in the leading metric position 0 alone makes, where measured."""
    if layer_effects is None:
        return {}
    metric = leading_of(result)
    parts = {
        effect.address.label: layer_effects.share_of_first(result, effect.address, metric.field)
        for effect in result.heads
        if metric.is_notable(metric.value(effect))
    }
    return {
        label: share_of(part, "the change") for label, part in parts.items() if part is not None
    }


def _made(result: SweepResult) -> list[tuple[str, str]]:
    """Every field of the spec and of the provenance, by its name in the json contract."""
    told = result.to_dict()
    values = {**told["spec"], **told["provenance"]}
    return [(name, _plain(name, value)) for name, value in values.items() if value is not None]


def _plain(name: str, value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return visible_text(value) if name in ("target", "foil") else value


def _embedded(values: dict[str, Any]) -> str:
    """JSON that cannot end its own script element, nor begin a comment or an entity in it."""
    text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _unwanted(plotly: str) -> str:
    """Empty elements where plotly.js would put the style sheet of maps, which the policy refuses.

    It looks for one under an id made of 64 digits before it adds it.
    """
    ids = sorted(set(re.findall(r'getElementById\("([0-9a-f]{64})"\)', plotly)))
    return "".join(f'<template id="{each}"></template>' for each in ids)


def _policy(style: str, scripts: tuple[str, ...]) -> str:
    """Nothing is loaded and nothing sent; Plotly draws cells as data: images.

    Plotly adds one empty style element, and style attributes to its texts.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src-elem {_hash(style)} {_hash('')}",
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _variables(name: str) -> str:
    """One look's colours as CSS variables; the dark ones where a screen asks for them."""
    look = LOOKS[name]
    values = {
        "paper": look.paper,
        "ink": look.ink,
        "quiet": look.quiet,
        "line": look.line,
        "accent": look.accent,
        "on-accent": ink_on([(0.0, look.accent), (1.0, look.accent)], 0.0),
        "amber": _AMBER[name],
        "chip": _CHIP[name],
        "sans": FONT,
        "mono": MONO,
    }
    rule = ":root { " + " ".join(f"--{key}: {value};" for key, value in values.items()) + " }"
    return f"@media screen and (prefers-color-scheme: dark) {{ {rule} }}" if look.dark else rule
