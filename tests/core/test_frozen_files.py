"""Files of version 0.1.0 open with every later version, and say what they said then.

What a later version has beside it is not compared: a metric more changes no file of before.
"""

import csv
import io
import json

import pytest
from support.frozen import V1, expected, links, plain

from core.errors import InputError
from core.exports.data import read_json
from core.exports.links import from_params, run_id
from core.hypotheses.variants import parse_variants
from core.results.layer_effects import LayerEffects
from core.results.result import COLUMNS, SweepResult
from core.spec import reference_set
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.store.rows import id_of
from core.store.run import Label, Origin
from core.store.sweeps import identity_of, spec_key

EXPECTED = expected()["files"]
LINKS = links()


def those_read_by(*readers):
    found = [name for name, told in EXPECTED.items() if told["reader"] in readers]
    assert found
    return found


def part_of(given, whole):
    """Whether all that is given is in the whole, which may have more."""
    if isinstance(given, dict):
        return all(name in whole and part_of(value, whole[name]) for name, value in given.items())
    return plain(whole) == given


def same_result(result: SweepResult, told) -> None:
    values = result.to_dict()
    assert result.spec.to_dict() == SweepSpec.from_dict(told["spec"]).to_dict()
    for name in ("shape", "tokens", "special", "target_tokens", "foil_tokens"):
        assert values[name] == told[name]
    assert part_of(told["baseline"], values["baseline"])
    assert part_of(told["provenance"], values["provenance"])
    assert list(result.sequence) == told["sequence"]
    assert result.complete is told["complete"]
    rows = {row["label"]: row for row in values["heads"]}
    for label, row in told["heads"].items():
        assert part_of(row, rows[label])
    for metric, strongest in told["strongest"].items():
        assert [e.address.label for e in result.ranked(metric)[: len(strongest)]] == strongest
    same_names(result, told)


def same_names(result: SweepResult, told) -> None:
    assert result.key == told["key"]
    assert spec_key(result.spec) == told["spec_key"]
    for origin in Origin:
        identity = identity_of(result, origin)
        assert {"identity": identity, "id": id_of(identity)} == told[origin.value]


def same_layer_effects(effects: LayerEffects | None, told) -> None:
    if told is None:
        assert effects is None
        return
    values = effects.to_dict()
    assert len(effects.attention) == told["n_attention"]
    assert [each is not None for each in effects.mlp] == told["mlp_is_measured"]
    assert [head.label for head in effects.first_position] == told["first_position_heads"]
    assert part_of(told["attention_of_layer_0"], values["attention"][0])


@pytest.mark.parametrize("name", those_read_by("core.exports.data.read_json"))
def test_a_run_in_a_file_is_the_run_that_it_was(name):
    read, told = read_json(name, (V1 / name).read_bytes()), EXPECTED[name]
    same_result(read.result, told)
    same_layer_effects(read.layer_effects, told["margins"])
    assert read.label == Label(**{**told["label"], "tags": tuple(told["label"]["tags"])})


@pytest.mark.parametrize("name", those_read_by("core.results.SweepResult.from_dict"))
def test_an_unfinished_result_is_read_and_refused_as_a_run(name):
    raw, told = (V1 / name).read_bytes(), EXPECTED[name]
    same_result(SweepResult.from_dict(json.loads(raw)), told)
    with pytest.raises(InputError, match=r"7 of 12 heads"):
        read_json(name, raw)


@pytest.mark.parametrize("name", those_read_by("core.spec.SweepSpec.from_json"))
def test_a_spec_is_what_it_was(name):
    found = SweepSpec.from_json((V1 / name).read_text())
    assert found.to_dict() == SweepSpec.from_dict(EXPECTED[name]["spec"]).to_dict()
    assert part_of(EXPECTED[name]["spec"], found.to_dict())


def test_layer_effects_alone_are_what_they_were():
    name = "shipped/example_margins.json"
    same_layer_effects(
        LayerEffects.from_dict(json.loads((V1 / name).read_bytes())), EXPECTED[name]["margins"]
    )


@pytest.mark.parametrize("name", those_read_by("core.prompts.reference.read"))
def test_a_reference_set_holds_the_prompts_that_it_held(name):
    assert list(reference_set.read(V1 / name).texts) == EXPECTED[name]["prompts"]


def test_variants_are_what_they_were():
    spec = SweepSpec.from_json((V1 / "python" / "spec.json").read_text())
    found = parse_variants((V1 / "given" / "variants.txt").read_text(), spec)
    assert [[each.prompt, each.target] for each in found] == (
        EXPECTED["given/variants.txt"]["variants"]
    )


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("csv/")])
def test_a_table_has_columns_that_are_still_called_so(name):
    rows = list(csv.DictReader(io.StringIO((V1 / name).read_bytes().decode(), newline="")))
    assert len(rows) == EXPECTED[name]["n_rows"]
    assert rows[0] == EXPECTED[name]["first_row"]
    assert list(rows[0]) == EXPECTED[name]["columns"]
    kept = [column for column in COLUMNS if column in rows[0]]
    assert kept == list(rows[0])[: len(kept)], "in the order that they still have"


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link["what"])
def test_a_link_gives_the_spec_that_it_gave(link):
    opens, params = link["opens"], link["params"]
    for side in ("a", "b") if link["page"] == "compare" else ():
        told = opens[side]
        spec = from_params(params, f"{side}.")
        if told is None or told.get("spec") is None:
            assert spec is None
            assert run_id(params, side) == (told or {}).get("run")
        else:
            assert spec == SweepSpec.from_dict(told["spec"])
    if "spec" in opens:
        told, spec = opens["spec"], from_params(params)
        assert spec == (None if told is None else SweepSpec.from_dict(told))
    if "run" in opens:  # or the spec beside it, where the run is not kept
        assert run_id(params) == (params["run"][0] if "run" in params else None)
        assert opens["run"] in (None, run_id(params))
    if opens.get("head"):
        assert Head.parse(params["head"][0]).label == opens["head"]
