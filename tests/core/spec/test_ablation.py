"""Every kind of ablation says what it does and when not to trust it."""

import pytest

from core.spec.ablation import AblationKind


def test_the_kinds_are_the_contracts_in_their_order():
    contract = ["mean-across-heads", "zero", "mean", "mean-positional", "resample"]
    assert [kind.value for kind in AblationKind][: len(contract)] == contract


@pytest.mark.parametrize("kind", list(AblationKind))
def test_each_kind_has_words_of_its_own(kind):
    assert kind.does.endswith(".")
    assert kind.caveat.endswith(".")
    others = [other for other in AblationKind if other is not kind]
    # Findings look one kind's caveat up in a text that may hold others.
    assert all(kind.caveat not in other.caveat and kind.does != other.does for other in others)


def test_the_words_hold_what_a_reader_must_know():
    assert "reference set" in AblationKind.MEAN.does
    assert "reference set" in AblationKind.MEAN.caveat
    assert "coarser" in AblationKind.MEAN.caveat
    assert "Heimersheim & Nanda 2024" in AblationKind.RESAMPLE.does
    assert "first difference" in AblationKind.RESAMPLE.caveat
    assert "same position" in AblationKind.MEAN_POSITIONAL.does
    assert AblationKind.MEAN_ACROSS_HEADS.label == "mean across heads"
