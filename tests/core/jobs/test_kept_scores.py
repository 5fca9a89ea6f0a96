"""Role scores are measured once a model, and not once a process."""

import numpy as np
import pytest
from support.jobs import done

from core.checkpoints.registry import key_of
from core.circuits import measure_scores
from core.circuits.tasks import MeasureHeadScores
from core.demo import example
from core.jobs import Jobs
from core.store.keeper import Keeper
from core.store.store import Store

TASK = MeasureHeadScores(key_of(example.SPEC))


def test_another_process_measures_nothing(tmp_path, registry, monkeypatch):
    def process():
        """With the database, and nothing else in common."""
        return Jobs(registry, keeper=Keeper(lambda: Store(f"sqlite:///{tmp_path / 'r.sqlite3'}")))

    found = done(process().ask(TASK))

    def never(*_):
        raise AssertionError("They are in the database.")

    monkeypatch.setattr(measure_scores, "measure_head_scores", never)
    again = done(process().ask(TASK))
    np.testing.assert_array_equal(again.mean, found.mean)
    assert again.to_dict() == found.to_dict()
    with pytest.raises(AssertionError, match="stopped unexpectedly"):
        done(Jobs(registry).ask(TASK))
