"""One head seen closely: its pattern is the model's own, its effects are the sweep's."""

import checkpoints
import numpy as np
import pytest
import torch

from core.ablation import AblationKind
from core.errors import InputError
from core.head_view import view_head
from core.heads import Head
from core.spec import SweepSpec
from core.sweep import run_sweep

FAMILIES = list(checkpoints.FAMILIES)
PROMPT = checkpoints.TEXT


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pattern_is_the_models_own(loaded, checkpoint, family):
    from transformers import AutoModelForCausalLM

    model = loaded(family)
    spec = SweepSpec(model.name, PROMPT, " jumps", prepend_bos=True)
    own = AutoModelForCausalLM.from_pretrained(checkpoint(family), attn_implementation="eager")
    ids = [model.tokenizer.bos_token_id, *model.tokenizer(PROMPT)["input_ids"][-14:]]
    with torch.inference_mode():
        expected = own(torch.tensor([ids]), output_attentions=True).attentions
    for head in (Head(0, 0), Head(1, 3), Head(model.n_layers - 1, 2)):
        pattern = view_head(model, spec, head).pattern
        assert pattern.shape == (15, 15)
        assert pattern == pytest.approx(expected[head.layer][0, head.head].numpy(), abs=1e-5)
        assert pattern.sum(axis=1) == pytest.approx(np.ones(15), abs=1e-5)
        assert not np.triu(pattern, 1).any()


@pytest.mark.parametrize("positions", ["all", "last", (0, 4)], ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_each_kinds_effect_is_the_sweeps(loaded, family, positions):
    model = loaded(family)
    head = Head(1, 2)
    view = view_head(
        model, SweepSpec(model.name, PROMPT, " jumps", " fox", positions=positions), head
    )
    assert set(view.by_kind) == set(AblationKind) - {AblationKind.RESAMPLE}
    for kind, effect in view.by_kind.items():
        spec = SweepSpec(model.name, PROMPT, " jumps", " fox", kind, positions=positions)
        swept = run_sweep(model, spec).effect(head)
        assert effect.address == head
        assert effect.logprob_change == pytest.approx(swept.logprob_change, abs=1e-5)
        assert effect.logit_diff_change == pytest.approx(swept.logit_diff_change, abs=1e-5)


def test_a_corrupted_prompt_adds_resample_to_the_kinds(loaded):
    model, head = loaded("gpt2"), Head(0, 1)
    corrupted = PROMPT.replace("fox jumps", "dog jumps")
    spec = SweepSpec(model.name, PROMPT, " jumps", ablation="resample", corrupted_prompt=corrupted)
    view = view_head(model, spec, head)
    assert set(view.by_kind) == set(AblationKind)
    swept = run_sweep(model, spec).effect(head)
    assert view.by_kind[AblationKind.RESAMPLE].kl == pytest.approx(swept.kl, abs=1e-6)


def test_labels_take_in_the_teacher_forced_answer(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, "The quick", " lazy dog.", prepend_bos=True)
    view = view_head(model, spec, Head(0, 0))
    assert view.tokens == ("<|endoftext|>", "The", " quick", " lazy", " dog")
    assert view.pattern.shape == (5, 5)


def test_an_answer_set_is_not_appended(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, "The quick", (" fox", " dog"), prepend_bos=True)
    view = view_head(model, spec, Head(0, 0))
    assert view.tokens == ("<|endoftext|>", "The", " quick")


def test_predictions_before_and_after(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, PROMPT, " jumps", ablation="zero", prepend_bos=True)
    result, head = run_sweep(model, spec), Head(0, 1)
    rows = {
        text: (before, after) for text, before, after in view_head(model, spec, head).predictions
    }
    effect = result.effect(head)
    assert rows[" jumps"] == pytest.approx((result.baseline.prob, effect.prob), abs=1e-5)
    for text, prob in result.baseline.top[:5]:
        assert rows[text][0] == pytest.approx(prob, abs=1e-5)
    for text, prob in effect.top[:5]:
        assert rows[text][1] == pytest.approx(prob, abs=1e-5)
    before = [pair[0] for pair in rows.values()]
    assert before == sorted(before, reverse=True)


@pytest.mark.parametrize("head", [Head(3, 0), Head(0, 4), Head(-1, 0), Head(0, -1)])
def test_a_head_the_model_lacks_is_an_input_error(loaded, head):
    model = loaded("gpt2")
    with pytest.raises(InputError, match="L0H0 to L2H3") as caught:
        view_head(model, SweepSpec(model.name, PROMPT, " jumps"), head)
    assert caught.value.field == "head"


@pytest.mark.parametrize(
    ("text", "head"), [("L9H6", (9, 6)), ("9.6", (9, 6)), (" l10h11 ", (10, 11))]
)
def test_labels_are_read_and_written(text, head):
    assert Head.parse(text) == head
    assert Head.parse(Head(*head).label) == head


@pytest.mark.parametrize("text", ["", "L9", "H6", "L9H6x", "9,6", "-1.2", "L-1H2"])
def test_what_is_no_label_is_a_value_error(text):
    with pytest.raises(ValueError, match="write it as L9H6"):
        Head.parse(text)
