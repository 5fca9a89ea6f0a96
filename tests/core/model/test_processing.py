"""What is said of processed weights is what was done to the model at hand."""

import pytest

from core.model.processing import processing, processing_help


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("gpt2", "LayerNorm folded, writing weights centred, value biases folded."),
        ("llama", "RMSNorm folded, writing weights not centred, no biases reach the values."),
        ("qwen2", "RMSNorm folded, writing weights not centred, value biases folded."),
        (
            "opt-post-norm",
            "LayerNorm left as it is, writing weights not centred, value biases folded.",
        ),
    ],
)
def test_it_follows_the_models_norm_and_biases(loaded, family, said):
    model = loaded(family)
    assert processing(model) == f"Processed: {said}"
    assert processing_help(model).startswith(processing(model))


def test_raw_weights_and_no_model_are_said_in_general(loaded):
    raw = loaded("llama", "raw")
    assert processing(raw) == "Raw: the weights as they were published."
    assert processing_help(raw) == processing_help(None)
    assert "not under RMSNorm" in processing_help(None)
