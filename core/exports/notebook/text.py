"""The notebook's prose. What was typed stands in fenced blocks only, as Python literals.

Jupyter renders Markdown, HTML and formulas; inside a fence it renders none of them.
"""

import re
import textwrap

from core.exports.notebook.literals import literal
from core.exports.notebook.plan import Plan
from core.results.account import account
from core.results.captions import provenance_rows
from core.results.facts import fact_words
from core.results.finding_words import CAVEATS
from core.results.result import SweepResult
from core.spec.ablation import Needs
from core.spec.answer import Answer
from core.spec.reference_set import name_of
from core.spec.spec import SweepSpec
from core.text.words import plain

_SHOWN = 300
_LINE = 92
"""Characters of a line in a code block, which no reader wraps."""
_PLAIN_TITLE = re.compile(r"[\w ,:;()'’–-]{1,120}")


def opening(plan: Plan, title: str) -> str:
    """What was asked, where the numbers come from, and what to install."""
    heading = "Which attention heads does this prediction need?"
    asked = _asked(plan)
    if title.strip():
        # Only plain words can be a heading: anything else could render as something.
        if _PLAIN_TITLE.fullmatch(title) and "_" not in title:
            heading = title.strip()
        else:
            asked = [("title", literal(_cut(title))), *asked]
    unfinished = "" if plan.result.complete else _unfinished(plan)
    return f"""\
# {heading}

Every attention head of the model is ablated in turn: its output is overwritten, and nothing else
is changed. What the target loses or gains shows how much this prediction needs that head. This
notebook repeats one Headsweep run with TransformerLens alone, in the plain way (one full forward
pass for each head), and holds its numbers against Headsweep's at the end.{unfinished}

What was asked:

{_block(asked)}

What Headsweep found:

{_fenced(_found(plan.result), "text")}

Where Headsweep's numbers come from:

{_block(_provenance(plan))}

What this notebook needs:

{_fenced(_install(plan), "console")}

One prompt is one prompt: these are effects on it, measured exactly, and not a head's role."""


def _unfinished(plan: Plan) -> str:
    n_layers, n_heads = plan.result.shape
    return (
        f"\nThe run was stopped: {len(plan.result.heads)} of {n_layers * n_heads} heads were "
        "finished. All are measured here, and those compared."
    )


def _asked(plan: Plan) -> list[tuple[str, str]]:
    spec = plan.spec
    rows = [("model", _model(plan)), ("prompt", _shown(spec.prompt))]
    rows.append(("target", _answer(spec.target, plan.target)))
    if spec.foil is not None and plan.foil is not None:
        rows.append(("foil", _answer(spec.foil, plan.foil)))
    rows.append(("ablation", _ablation(spec)))
    if spec.corrupted_prompt is not None:
        rows.append(("corrupted", _shown(spec.corrupted_prompt)))
    bos = "BOS first, at position 0" if spec.prepend_bos else "no BOS"
    return [
        *rows,
        ("positions", _positions(plan)),
        ("tokens", f"{plan.n_prompt} in the prompt, {bos}"),
        ("weights", _WEIGHTS[spec.weights]),
        ("dtype", spec.dtype),
    ]


_WEIGHTS = {
    "processed": "processed (norms and any value biases folded; centred under LayerNorm only)",
    "raw": "raw (as published)",
}
_HOW = {
    "token": "",
    "sequence": "  (several tokens: teacher-forced, their probabilities multiplied)",
    "set": "  (any of these: their probabilities are added)",
}


def _model(plan: Plan) -> str:
    named = literal(_cut(plan.spec.model))
    if plan.home == "embedded":
        return f"{named}, which ships with Headsweep"
    if plan.home == "hub" and plan.source != plan.spec.model:
        return f"{named}: {literal(plan.source)} on the Hugging Face hub"
    return named + (" (a local folder)" if plan.home == "folder" else "")


def _answer(answer: Answer, form: str) -> str:
    if isinstance(answer, str):
        return _shown(answer) + _HOW[form]
    return ", ".join(literal(_cut(member)) for member in answer) + _HOW[form]


def _ablation(spec: SweepSpec) -> str:
    if spec.ablation.traits.needs is Needs.REFERENCE:
        return f"{spec.ablation.label}, over {name_of(spec.reference)}"
    return spec.ablation.label


def _positions(plan: Plan) -> str:
    positions = plan.spec.positions
    if positions == "last":
        return f"the prompt's last ({plan.n_prompt - 1})"
    if positions == "all":
        forced = max(plan.n_positions) > plan.n_prompt
        return "all" + (", the answer's teacher-forced ones too" if forced else "")
    return literal(positions)


def _provenance(plan: Plan) -> list[tuple[str, str]]:
    rows = provenance_rows(plan.result.provenance)
    return [(name, _word(value)) for name, value in rows]


def _found(result: SweepResult) -> str:
    """All that is said of the run: the facts and findings, and what to read with care.

    How long it took is left out: equal results give equal texts.
    """
    said = account(result)
    blocks = (
        [plain(fact_words(fact)) for fact in said.facts],
        [said.why, *map(plain, said.findings)],
        [f"{CAVEATS}:", *(f"- {caveat}" for caveat in said.caveats)],
    )
    return "\n\n".join("\n".join(map(_wrapped, block)) for block in blocks)


def _wrapped(sentence: str) -> str:
    """A sentence in lines; those after its first are set in, and so can end no fence."""
    return textwrap.fill(
        sentence,
        _LINE,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _install(plan: Plan) -> str:
    seen = plan.result.provenance
    needed = [_pinned("transformer-lens", seen.transformer_lens), _pinned("torch", seen.torch)]
    return f"pip install {' '.join(needed)} pandas plotly"


def _pinned(package: str, version: str) -> str:
    """A requirement; the version's local part ("+cpu") names a build, not a release."""
    release = version.partition("+")[0]
    return f"{package}=={release}" if re.fullmatch(r"\d[\da-z.]*", release, re.A) else package


def _word(value: str) -> str:
    return value if re.fullmatch(r"[\w.+-]{1,60}", value, re.A) else literal(_cut(value))


def _shown(text: str) -> str:
    """A text as a literal; a long one is cut, and stands whole in the cell below."""
    cut = _cut(text)
    return literal(cut) + ("" if cut == text else f"  (cut; {len(text):,} characters)")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _block(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return _fenced("\n".join(f"{name:<{width}}  {value}" for name, value in rows), "text")


def _fenced(text: str, language: str) -> str:
    """A code block. No text can end it: each line here begins with a word of ours."""
    return f"```{language}\n{text}\n```"


def about_ablation(plan: Plan) -> str:
    """What this run's kind does, and when not to trust it."""
    kind = plan.spec.ablation
    cited = f" To read: {kind.traits.citation}." if kind.traits.citation else ""
    return f"## The ablation: {kind.label}\n\n{kind.does} {kind.caveat}{cited}"


def about_check(plan: Plan) -> str:
    """What agreement to expect."""
    n_layers, n_heads = plan.result.shape
    opening = (
        "## The same numbers?\n\nHeadsweep's own numbers, as it measured them "
        f"({n_layers} rows of {n_heads} heads, nine digits), and how far the ones above are from "
        "them."
    )
    if plan.spec.dtype == "float32":
        return (
            f"{opening} In float32 the two ways differ by rounding only: log probabilities by at "
            "most 1e-4, or the last cell fails."
        )
    return opening + _BFLOAT16


_BFLOAT16 = (
    " This run was made in bfloat16, which keeps eight bits of each number (about 0.4 %): the two "
    "ways round at different places, and processed weights are rounded anew. On the model that "
    "ships with Headsweep log probabilities were up to 0.11 nats apart (processed weights, zero "
    "ablation, on a CPU); other models differ. So the differences are printed and none is "
    "refused. Set both to float32 to see the two agree."
)
