"""Everything that is said of a sweep, composed once, for page, terminal, notebook and report."""

from dataclasses import dataclass

from core.results.facts import Fact, answer_facts, swept_fact
from core.results.finding_words import finding_words
from core.results.findings import findings
from core.results.joint_layers import JointLayer
from core.results.layer_effects import LayerEffects
from core.results.leading import opening
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.text.words import Words


@dataclass(frozen=True)
class Account:
    """What is said of a sweep in one metric.

    `why` is the sentence on why that metric is the one shown at first; empty for a chosen one.
    `facts` are those on the answer, `swept` how the run went. `findings` and `caveats` are
    sentences, the first of the findings the `headline`; what was typed stands in them unescaped.
    `joint_layers` are layers whose heads hide each other, whose sentences are among the findings.
    """

    metric: Metric
    why: str
    facts: tuple[Fact, ...]
    swept: Fact
    headline: Words
    findings: tuple[Words, ...]
    joint_layers: tuple[JointLayer, ...]
    caveats: tuple[str, ...]


def account(
    result: SweepResult, metric: Metric | None = None, layer_effects: LayerEffects | None = None
) -> Account:
    """The account of a sweep, finished or partial, and of its layers where they are measured.

    In the metric that it opens on, unless another is given that it has.
    """
    why = ""
    if metric is None or not metric.measures(result):
        first = opening(result)
        metric, why = first.metric, first.why
    found = findings(result, metric, layer_effects)
    return Account(
        metric=metric,
        why=why,
        facts=answer_facts(result, metric),
        swept=swept_fact(result),
        headline=found.headline,
        findings=finding_words(result, found),
        joint_layers=found.joint_layers,
        caveats=found.caveats,
    )
