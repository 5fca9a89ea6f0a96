"""Wrong conclusions from right numbers, about answers and precision: each with its small input."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from core import InputError, SweepSpec, load_model, run_sweep
from core.checkpoints.catalogue import DEMO_FOLDER
from core.circuits.direct_effect import direct_effect
from core.circuits.logit_attribution import logit_attribution
from core.results.findings import findings
from core.results.result import SweepResult
from core.results.schema import SCHEMA
from core.spec.heads import Head
from core.store.store import Store
from core.sweep import precision
from core.sweep.prepare import prepare
from core.sweep.scorer import Scorer

IOI = "When John and Mary went to the shops, John gave the bag to"


def ioi(target, foil=None, **changes):
    return SweepSpec("demo", IOI, target, foil, **{"ablation": "zero", **changes})


def said(result: SweepResult) -> str:
    return " ".join(findings(result).caveats)


@pytest.mark.parametrize(
    ("target", "foil", "short", "long"),
    [(" Mary and", " Mary", "foil", "target"), (" Mary", " Mary and", "target", "foil")],
)
def test_a_foil_that_begins_the_target_is_refused(demo, target, foil, short, long):
    with pytest.raises(InputError, match=f"The {short} ' Mary' begins the {long} ' Mary and'") as e:
        run_sweep(demo, ioi(target, foil))
    assert e.value.field == "foil"


def clean_logits(continued=()):
    """Plain transformers: the logits after IOI, BOS first, and these tokens."""
    tokenizer = AutoTokenizer.from_pretrained(DEMO_FOLDER)
    model = AutoModelForCausalLM.from_pretrained(DEMO_FOLDER).eval()
    prompt = tokenizer(IOI, add_special_tokens=False)["input_ids"]
    ids = [tokenizer.bos_token_id, *prompt, *continued]
    with torch.inference_mode():
        return tokenizer, model(torch.tensor([ids])).logits[0, len(prompt) :]


@pytest.mark.slow
def test_a_longer_target_is_compared_where_it_parts_from_the_foil(demo):
    """It was -7.59, decided by the length alone."""
    result = run_sweep(demo, ioi(" Mary and John", " John"))
    tokenizer, logits = clean_logits()
    mary, john = (
        tokenizer(t, add_special_tokens=False)["input_ids"][0] for t in (" Mary", " John")
    )
    assert result.baseline.logit_diff == pytest.approx(
        float(logits[0][mary] - logits[0][john]), abs=1e-4
    )
    alone = run_sweep(demo, ioi(" Mary", " John"))
    for ours, theirs in zip(result.heads, alone.heads, strict=True):
        assert ours.logit_diff_change == pytest.approx(theirs.logit_diff_change, abs=1e-4)
    assert result.baseline.logprob < alone.baseline.logprob - 1  # still of the whole target
    assert (
        "the logit difference compares them where they part, at the first token, ␣Mary against "
        "␣John. P(target) is still that of the whole target." in said(result)
    )


def test_what_follows_a_shared_beginning_is_compared_after_it(demo):
    result = run_sweep(demo, ioi(" Mary and John", " Mary went"))
    tokenizer, logits = clean_logits(
        AutoTokenizer.from_pretrained(DEMO_FOLDER)(" Mary")["input_ids"]
    )
    ids = [tokenizer(t, add_special_tokens=False)["input_ids"][0] for t in (" and", " went")]
    expected = float(logits[1][ids[0]] - logits[1][ids[1]])
    assert result.parts_at == 1
    assert result.baseline.logit_diff == pytest.approx(expected, abs=1e-4)
    assert "at token 2, ␣and against ␣went." in said(result)


def test_attribution_and_direct_effect_are_of_the_same_tokens(demo):
    spec = ioi(" Mary and John", " Mary went")
    result, scorer = run_sweep(demo, spec), Scorer(demo, spec)
    total = logit_attribution(demo, prepare(demo, spec)).total
    assert total == pytest.approx(result.baseline.logit_diff, abs=2e-4)
    for head in (Head(0, 1), Head(1, 2)):
        measured = result.effect(head)
        assert direct_effect(scorer, head).total == pytest.approx(
            measured.logit_diff_change, abs=2e-4
        )


def test_a_kept_run_that_compared_whole_answers_is_never_the_answer_to_its_spec(demo, tmp_path):
    now = run_sweep(demo, ioi(" Mary and John", " John"))
    older = replace(now, parts_at=None)
    assert older.compares_whole_answers
    assert older.key != now.key
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite3'}")
    kept = store.keep(older)
    assert store.find(now.spec) is None
    assert "this run, of an older Headsweep, compares them as wholes" in said(
        store.get(kept).result
    )
    assert store.keep(now) != kept
    assert store.find(now.spec).result.parts_at == 0
    store.close()


def test_a_file_says_where_its_answers_part(demo):
    result = run_sweep(demo, ioi(" Mary and John", " John"))
    saved = result.to_dict()
    assert (saved["schema"], saved["parts_at"]) == (SCHEMA, 0)
    assert SweepResult.from_dict(saved) == result
    assert "parts_at" not in run_sweep(demo, ioi(" Mary", " John")).to_dict()
    with pytest.raises(ValueError, match="cannot part at their token 1"):
        SweepResult.from_dict({**saved, "parts_at": 1})


def test_near_certainty_log_odds_are_named_and_log_prob_is_not(demo):
    repeated = "The quick brown fox jumps over the lazy dog. The quick brown fox"
    result = run_sweep(demo, SweepSpec("demo", repeated, " jumps", ablation="zero"))
    sure = replace(result, baseline=replace(result.baseline, prob=0.998, logprob=-0.002))
    assert "Look at log odds." in said(sure)
    assert "log prob" not in said(sure)


@pytest.mark.slow
def test_bfloat16_says_how_far_its_strongest_heads_are_from_float32(demo):
    """It said that effects below about 0.01 drown."""
    rough = load_model("demo", device="cpu", dtype="bfloat16")
    spec = ioi(" Mary", " John", dtype="bfloat16")
    result, exact = run_sweep(rough, spec), run_sweep(demo, ioi(" Mary", " John"))
    strongest = result.ranked("logit_diff_change")[:3]
    distances = [
        abs(effect.logit_diff_change - exact.effect(effect.address).logit_diff_change)
        for effect in strongest
    ]
    clean = abs(result.baseline.logit_diff - exact.baseline.logit_diff)
    apart = result.provenance.float32_distance
    assert apart == pytest.approx(max(*distances, clean), abs=1e-4)
    assert apart > 0.01
    assert f"are up to {apart:.2g} nats of logit diff away" in said(result)
    assert SweepResult.from_dict(result.to_dict()) == result
    assert exact.provenance.float32_distance is None
    assert "bfloat16" not in said(exact)


@pytest.mark.slow
def test_bfloat16_that_was_not_measured_again_says_so(demo, monkeypatch):
    monkeypatch.setattr(precision, "MOST_PARAMS", 0)
    rough = load_model("demo", device="cpu", dtype="bfloat16")
    result = run_sweep(rough, ioi(" Mary", " John", dtype="bfloat16"))
    assert result.provenance.float32_distance is None
    assert "usually moves effects by 0.1 to 0.2 nats" in said(result)


def test_a_reference_set_shorter_than_the_prompt_is_named_with_its_longest(demo):
    texts = ("The cat sat.", "Anna went to the market with Tom")
    result = run_sweep(demo, ioi(" Mary", ablation="mean", reference=texts))
    longest = 1 + max(len(demo.tokenizer(t, add_special_tokens=False)["input_ids"]) for t in texts)
    assert result.provenance.reference_longest == longest < len(result.tokens)
    assert f"The longest text of the reference set has {longest} tokens, the prompt" in said(result)
    fits = run_sweep(demo, ioi(" Mary", ablation="mean", reference=(*texts, IOI)))
    assert fits.provenance.reference_longest is None
    assert "longest text" not in said(fits)
