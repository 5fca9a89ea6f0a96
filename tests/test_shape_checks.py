"""The shapes that signatures state are checked in this very run, inner functions included."""

import pytest
import torch
from jaxtyping import Float, TypeCheckError, jaxtyped
from support import shape_checks
from torch import Tensor

from core.model.attention import _by_head


def test_a_tensor_of_another_shape_than_stated_fails_in_core():
    left, right = torch.ones(2, 3, 4, 5), torch.ones(3, 5, 6)
    assert _by_head(left, right).shape == (2, 3, 4, 6)
    for wrong in (torch.ones(4, 5, 6), torch.ones(3, 5), torch.ones(3, 5, 6, dtype=torch.int64)):
        with pytest.raises(TypeCheckError, match="_by_head"):
            _by_head(left, wrong)


def test_functions_that_are_made_again_share_a_check_and_nothing_else(monkeypatch):
    made = {}
    monkeypatch.setattr(shape_checks, "_made", made)

    def times(factor):
        @jaxtyped(typechecker=shape_checks.checked)
        def scaled(values: Float[Tensor, "row 2"]) -> Float[Tensor, "row 2"]:
            return (factor * values)[:, : 3 - factor]

        return scaled

    right, wrong = times(1), times(2)
    assert right(torch.ones(3, 2)).sum() == 6
    n_made = len(made)
    assert n_made
    with pytest.raises(TypeCheckError, match="return value"):
        wrong(torch.ones(3, 2))
    with pytest.raises(TypeCheckError, match="values"):
        wrong(torch.ones(3, 1))
    again = times(1)
    assert again(torch.ones(4, 2)).sum() == 8
    with pytest.raises(TypeCheckError):
        again(torch.ones(4, 3))
    assert len(made) <= n_made + 1  # what words an error is a check too
