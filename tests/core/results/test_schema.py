"""Readers by version: what an older file lacks has its default; what is newer says so."""

import pytest

import core.results.schema as schema
from core.demo.example import saved, saved_layer_effects
from core.results.layer_effects import LayerEffects
from core.results.result import HeadEffect, SweepResult
from core.spec.identity import IDENTITY
from core.store.rows import id_of
from core.store.run import Origin
from core.store.sweeps import identity_of, spec_key


def as_version(version):
    return {**saved().to_dict(), "schema": version}


@pytest.mark.parametrize("version", ["2", "10", "999999999"])
def test_a_newer_form_says_so_and_not_that_it_is_damaged(version):
    with pytest.raises(
        ValueError, match=rf"newer Headsweep \(headsweep.sweep/{version}; "
    ) as found:
        SweepResult.from_dict(as_version(f"headsweep.sweep/{version}"))
    assert "damaged" not in str(found.value)


@pytest.mark.parametrize(
    "named",
    ["headsweep.head/1", "headsweep.sweep", "headsweep.sweep/", "headsweep.sweep/0", "/1",
     "sweep/1", "headsweep.sweep/-1", "headsweep.sweep/²", "headsweep.sweep/1.0",
     "headsweep.sweep/" + "9" * 5000,
     "", None, 1, ["headsweep.sweep/1"]],
)  # fmt: skip
def test_what_is_no_sweep_says_what_it_is(named):
    with pytest.raises(ValueError, match=r"not a headsweep\.sweep/1 result"):
        SweepResult.from_dict(as_version(named))


def test_a_field_that_came_later_has_its_default_and_one_that_is_there_its_value(monkeypatch):
    """The file is older than `kl` and `logit_diff` were, as far as these defaults go."""
    monkeypatch.setattr(schema, "EFFECT_DEFAULTS", {"kl": 7.0, "rank": 99})
    monkeypatch.setattr(schema, "BASELINE_DEFAULTS", {"logit_diff": 3.0, "rank": 99})
    values = saved().to_dict()
    del values["baseline"]["logit_diff"]
    for row in values["heads"]:
        del row["kl"]
    read = SweepResult.from_dict(values)
    assert read.baseline.logit_diff == 3.0
    assert {effect.kl for effect in read.heads} == {7.0}
    assert read.baseline.rank == saved().baseline.rank
    assert [effect.rank for effect in read.heads] == [effect.rank for effect in saved().heads]
    assert all("kl" not in row for row in values["heads"]), "what was read is left as it was"


def test_layer_effects_have_the_same_defaults(monkeypatch):
    monkeypatch.setattr(schema, "EFFECT_DEFAULTS", {"kl": 7.0})
    values = saved_layer_effects().to_dict()
    mlps = [each for each in values["mlp"] if each is not None]
    for each in (*values["attention"], *mlps, *values["first_position"].values()):
        del each["kl"]
    read = LayerEffects.from_dict(values)
    assert {each.kl for each in (*read.attention, *read.first_position.values())} == {7.0}


def test_an_older_form_is_read_through_its_own_reader(monkeypatch):
    """As the day will be on which version 2 calls the target's tokens something else."""

    def first(values):
        return {**values, "target_tokens": values["old_name"]}

    monkeypatch.setattr(schema, "READERS", {1: first, 2: dict})
    monkeypatch.setattr(schema, "SCHEMA", "headsweep.sweep/2")
    older = as_version("headsweep.sweep/1")
    older["old_name"] = older.pop("target_tokens")
    assert SweepResult.from_dict(older) == saved()
    assert SweepResult.from_dict(as_version("headsweep.sweep/2")) == saved()
    with pytest.raises(ValueError, match="newer"):
        SweepResult.from_dict(as_version("headsweep.sweep/3"))


def test_no_identity_depends_on_the_form_of_a_file(monkeypatch):
    """As they have been since the first run was kept: links and databases hold them."""
    result = saved()

    def names():
        of_file = identity_of(result, Origin.IMPORTED)
        return result.key, spec_key(result.spec), id_of(result.key), of_file

    before = names()
    monkeypatch.setattr(schema, "SCHEMA", "headsweep.sweep/7")
    monkeypatch.setattr("core.results.result.SCHEMA", "headsweep.sweep/7")
    monkeypatch.setattr(schema, "EFFECT_DEFAULTS", {"another": None})
    monkeypatch.setattr(HeadEffect, "to_dict", lambda e, written=HeadEffect.to_dict: {
        "another": None, **written(e)})  # fmt: skip
    assert "another" in result.to_dict()["heads"][0]
    assert names() == before
    assert IDENTITY == "headsweep.sweep/1"
