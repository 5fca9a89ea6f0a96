"""What a kind of ablation must have everywhere: these fail for one that was added half."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from support import checkpoints
from support.specs import NEEDED, needed, spec_of
from typer.testing import CliRunner

from core.circuits.measure_scores import measure_scores_without
from core.cli.app import app
from core.demo.example import saved
from core.engine.oracle import ablated_logits
from core.errors import InputError
from core.exports.notebook.ablation import ablation, kind_code
from core.exports.notebook.plan import plan_of
from core.exports.notebook.text import about_ablation
from core.hypotheses.keep_only import check_keep_only
from core.progress import run_to_end
from core.results.differences import run_caveats, run_differences
from core.results.result import SweepResult
from core.spec.ablation import AblationKind, Computed, Needs
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.estimate.estimating import estimate
from core.sweep.scorer import Scorer

KINDS = list(AblationKind)
PROMPT = saved().spec.prompt


def spec(kind):
    own = {**saved().spec.to_dict(), "reference": None, "corrupted_prompt": None}
    return SweepSpec.from_dict({**own, "ablation": kind.value, **needed(kind, PROMPT)})


def result(kind) -> SweepResult:
    """A finished result that says it is of this kind."""
    return replace(saved(), spec=spec(kind).resolved(prepend_bos=True))


@pytest.mark.parametrize("kind", KINDS)
def test_its_traits_agree_with_each_other(kind):
    traits = kind.traits
    assert traits.given == (traits.needs is not Needs.NOTHING)
    assert (kind in get_args(Computed)) == (not traits.given)
    assert bool(traits.lacks) == (traits.given and not traits.has_default)
    assert not (traits.has_default and traits.needs is not Needs.REFERENCE)
    assert not (traits.same_length and not traits.given)
    assert traits.does.endswith(".")
    assert traits.caveat.endswith(".")
    for reason in (traits.no_mlps, traits.not_on_other_texts, traits.citation):
        assert not reason.endswith(".")
    assert kind.for_keep_only.traits.keeps_share is False
    assert kind.on_other_texts.traits.not_on_other_texts == ""
    assert {kind.for_keep_only, kind.on_other_texts} <= {kind, AblationKind.MEAN}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_value_of_the_command_line(kind):
    shown = CliRunner().invoke(app, ["sweep", "--help"], env={"COLUMNS": "400"}).output
    assert kind.value in shown


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_words(kind):
    asked = spec(kind)
    assert asked.in_words().startswith(f"{kind.value} ablation")
    other = next(each for each in KINDS if each is not kind)
    one, two = result(kind), result(other)
    differs = run_differences(one, two)
    assert any(kind.label in (each.one, each.other) for each in differs)
    assert any(kind.label in said for said in run_caveats(one, two, differs, "prob_change"))
    if kind.traits.keeps_share:
        with pytest.raises(ValueError, match="share of every head"):
            check_keep_only(asked)
    else:
        check_keep_only(asked)


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_notebook_code_and_prose_of_its_own(kind):
    plans = {each: plan_of(result(each)) for each in KINDS}
    code = ablation(plans[kind])
    compile(code, "ablation", "exec")
    assert code not in [ablation(plans[each]) for each in KINDS if each is not kind]
    assert bool(kind_code(plans[kind]).measured) == kind.traits.given
    assert kind.label in about_ablation(plans[kind])
    assert kind.traits.citation in about_ablation(plans[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_an_oracle_an_estimate_and_what_tests_need(loaded, oracle, kind):
    assert (kind in NEEDED) == kind.traits.given
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, kind))
    replacements = run_to_end(scorer.replacements())
    replacement = replacements[scorer.prepared.target]
    assert (replacement.z is not None) == kind.traits.given
    assert (replacement.mlp_edit(0) is None) == bool(kind.traits.no_mlps)
    assert abs(estimate(scorer, replacements).values("logprob_change")).max() > 0
    tokens = scorer.start.tokens[None]
    found = ablated_logits(oracle("gpt2"), tokens, Head(1, 0), kind, None, replacement.z)
    assert found.shape == (tokens.shape[1], model.d_vocab)
    assert not torch.equal(found, oracle("gpt2")(tokens)[0])
    assert scorer.prepared.spec.prompt == checkpoints.TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_head_scores_are_measured_without_a_head_or_the_kind_is_refused_in_words(loaded, kind):
    work = measure_scores_without(loaded("gpt2"), Head(1, 0), kind)
    if kind.traits.not_on_other_texts:
        with pytest.raises(InputError, match="random tokens have none"):
            run_to_end(work)
    else:
        assert run_to_end(work).mean.shape[1:] == (3, 4)
