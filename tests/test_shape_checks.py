"""The shapes that signatures in core state are those of the tensors that come and go."""

import os

import pytest
import torch
from jaxtyping import Float, TypeCheckError, jaxtyped
from support import processes, shape_checks
from torch import Tensor


@pytest.mark.slow
def test_tests_on_two_architectures_pass_with_every_shape_checked():
    """The tests marked "shapes" once more, in a process of their own: it slows all others down.

    They are few, and call every function that states a shape: on both architectures wherever any
    test calls it on both. Whoever adds such a function marks a test that calls it.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    folders = [f"tests/core/{name}" for name in shape_checks.PACKAGES]
    options = "-q", "-n", "0", "-p", "no:cacheprovider"
    done = processes.run(
        ("-m", "pytest", *options, shape_checks.OPTION, *folders), env=ours, timeout=200
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("shapes checked of ")]
    assert int(line.split()[3]) > 180
    assert "never called" not in done.stdout, done.stdout[-5000:]


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
