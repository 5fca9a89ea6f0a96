"""A locked prediction as a file and back; what is none, or lies, is an input error."""

import copy
import json

import pytest
from support.predictions import locked, outcome

from core.demo.example import saved
from core.errors import InputError
from core.exports.data import ReadRun, to_json
from core.exports.prediction_file import (
    ReadPrediction,
    prediction_file_name,
    prediction_json,
    read_file,
)
from core.store.run import Label

LABEL = Label("A “title”", "two\nlines", ("one", "50 %"))
TESTED = locked().with_outcome(outcome())
WHOLE = json.loads(prediction_json(TESTED, LABEL))


@pytest.mark.parametrize("made", [locked(), TESTED])
def test_what_is_written_is_read(made):
    read = read_file("mine.json", prediction_json(made, LABEL).encode())
    assert read == ReadPrediction(made, LABEL)


def test_a_run_is_read_as_a_run_whatever_its_prompt_says():
    text = to_json(saved(), None, Label("headsweep.prediction"))
    assert isinstance(read_file("run.json", text.encode()), ReadRun)


def test_a_file_of_a_newer_version_that_only_added_something_opens():
    values = WHOLE | {"mood": "sure"}
    assert read_file("mine.json", json.dumps(values).encode()).locked == TESTED


def test_it_is_called_by_its_name_or_its_day():
    assert prediction_file_name(TESTED, "0123456789ab") == "headsweep-prediction-0123456789ab.json"
    assert prediction_file_name(TESTED, None) == "headsweep-prediction-2026-11-24.json"


def lying(*path, value):
    values = copy.deepcopy(WHOLE)
    inside = values
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return json.dumps(values).encode()


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (lying("outcome", "right", value=False), "not as Headsweep writes it"),
        (lying("outcome", "error_points", value=0.0), "not as Headsweep writes it"),
        (lying("outcome", "broke", value=None), "not as Headsweep writes it"),
        (lying("heads", value=["L1H2", "L1H0"]), "not as Headsweep writes it"),
        (lying("heads", value=["L1H9"]), "L1H9"),
        (lying("schema", value="headsweep.prediction/2"), "newer Headsweep"),
        (lying("run", value={"title": 3}), "no texts"),
        (lying("run", "title", value="\ud800"), "cannot be opened"),
        (lying("spec", "prompt", value=3), "prompt"),
        (b'{"schema": "headsweep.prediction/1"', "is not JSON"),
        (b'{"schema": "headsweep.prediction/1"}', "has no 'spec'"),
        (b'{"schema": "headsweep.prediction"}', "only sweeps"),
        (b'{"schema": "headsweep.head/1", "a": "headsweep.prediction"}', "only sweeps"),
        (b'["headsweep.prediction/1"]', "no run of Headsweep's"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(raw, said):
    with pytest.raises(InputError, match=said) as caught:
        read_file("mine.json", raw)
    assert caught.value.field == "file"
    assert len(str(caught.value)) < 500
