"""A spec is validated, canonical, hashable, and survives JSON."""

import json
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.specs import needed

from core.errors import InputError
from core.spec.ablation import AblationKind
from core.spec.answer import MAX_ANSWERS
from core.spec.checks import MAX_PROMPT_CHARACTERS
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec

WORDS = st.text(min_size=1, max_size=30).filter(lambda text: text.strip(" "))
ANSWERS = WORDS | st.lists(WORDS, min_size=2, max_size=4, unique=True).map(tuple)
READ = st.text(min_size=1, max_size=60).filter(str.strip)
KINDS = (
    st.sampled_from([AblationKind.MEAN_ACROSS_HEADS, AblationKind.ZERO]).map(
        lambda kind: {"ablation": kind}
    )
    | st.lists(READ, min_size=1, max_size=3).map(
        lambda texts: {"ablation": AblationKind.MEAN, "reference": tuple(texts)}
    )
    | st.just({"ablation": AblationKind.MEAN})
    | st.lists(READ, min_size=1, max_size=3).map(
        lambda texts: {"ablation": AblationKind.MEAN_POSITIONAL, "reference": tuple(texts)}
    )
    | READ.map(lambda text: {"ablation": AblationKind.RESAMPLE, "corrupted_prompt": text})
)
OTHERS = st.fixed_dictionaries(
    {
        "model": st.text(min_size=1, max_size=30).filter(str.strip),
        "prompt": READ,
        "target": ANSWERS.filter(lambda answer: answer != "foil"),
        "foil": st.none() | st.just("foil"),
        "positions": st.sampled_from(["all", "last"])
        | st.lists(st.integers(0, 99), min_size=1, max_size=5).map(tuple),
        "prepend_bos": st.none() | st.booleans(),
        "weights": st.sampled_from(["processed", "raw"]),
        "dtype": st.sampled_from(["float32", "bfloat16"]),
    }
)
SPECS = st.builds(lambda others, kind: SweepSpec(**others, **kind), OTHERS, KINDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def spec(**changes) -> SweepSpec:
    return SweepSpec(**{"model": "demo", "prompt": "a b", "target": " c", **changes})


@pytest.mark.slow
@given(SPECS)
def test_a_spec_survives_json(made):
    again = SweepSpec.from_json(made.to_json())
    assert again == made
    assert hash(again) == hash(made)
    assert again.to_json() == made.to_json()
    assert type(again.ablation) is AblationKind
    assert type(again.positions) is type(made.positions)


@pytest.mark.slow
@given(SPECS)
def test_the_dict_holds_every_field_as_plain_json(made):
    values = made.to_dict()
    assert set(values) == {field.name for field in fields(SweepSpec)}
    assert json.loads(json.dumps(values)) == values
    assert SweepSpec.from_dict(values) == made


@pytest.mark.slow
@given(SPECS, SPECS)
def test_the_text_is_equal_exactly_where_the_specs_are(one, other):
    assert (one.to_json() == other.to_json()) == (one == other)


@pytest.mark.slow
@given(st.sampled_from([field.name for field in fields(SweepSpec)]), JSON)
def test_any_json_at_all_is_a_spec_or_an_input_error(name, value):
    values = {"model": "demo", "prompt": "a b", "target": " c", name: value}
    try:
        made = SweepSpec.from_dict(values)
    except InputError as error:
        seen = error.field
    else:
        seen = name
        assert SweepSpec.from_json(made.to_json()) == made
    assert seen == name


def test_a_spec_is_frozen_and_a_key():
    with pytest.raises(FrozenInstanceError):
        spec().prompt = "other"
    assert {spec(): 1}[spec()] == 1
    assert spec() != spec(ablation="zero")


def test_equivalent_ways_to_write_a_spec_are_one_spec():
    assert spec(ablation="zero") == spec(ablation=AblationKind.ZERO)
    assert spec(target=(" c",)) == spec(target=" c")
    assert spec(target=[" c", " d"]) == spec(target=(" c", " d"))
    assert spec(positions=(3, 0, 3)) == spec(positions=[0, 3])
    assert spec(positions=(3, 0, 3)).positions == (0, 3)
    assert spec(foil="") == spec(foil=()) == spec(foil=None)
    assert spec(corrupted_prompt="") == spec(corrupted_prompt=None)
    assert spec(ablation="mean", reference=["x", "y"]) == spec(
        ablation="mean", reference=("x", "y")
    )


def test_defaults_are_the_contracts():
    made = spec()
    assert made.ablation is AblationKind.MEAN_ACROSS_HEADS
    assert (made.positions, made.foil, made.prepend_bos) == ("all", None, None)
    assert (made.corrupted_prompt, made.reference) == (None, None)
    assert (made.weights, made.dtype) == ("processed", "float32")


def test_resolving_fills_in_what_was_left_open_and_nothing_else():
    assert spec().resolved(prepend_bos=True) == spec(prepend_bos=True)
    mean = spec(ablation="mean").resolved(prepend_bos=False)
    assert mean == spec(ablation="mean", reference=DEFAULT, prepend_bos=False)
    # The contents are the identity: an edited default set would be another sweep.
    assert mean.to_json() != replace(mean, reference=DEFAULT[1:]).to_json()
    own = spec(ablation="mean", reference=["x y"])
    assert own.resolved(prepend_bos=True).reference == ("x y",)
    swapped = spec(ablation="resample", corrupted_prompt="b a")
    assert swapped.resolved(prepend_bos=True) == replace(swapped, prepend_bos=True)


def test_the_fields_stand_in_the_contracts_order():
    assert " ".join(field.name for field in fields(SweepSpec)) == (
        "model prompt target foil ablation corrupted_prompt reference positions prepend_bos "
        "weights dtype"
    )


def test_a_dict_from_before_the_newer_fields_is_read():
    values = spec(ablation="zero").to_dict()
    del values["corrupted_prompt"], values["reference"]
    assert SweepSpec.from_dict(values) == spec(ablation="zero")


@pytest.mark.parametrize("kind", list(AblationKind))
@pytest.mark.parametrize(
    ("field", "value", "owners"),
    [
        ("corrupted_prompt", "b a", ("resample",)),
        ("reference", ("x",), ("mean", "mean-positional")),
    ],
)
def test_what_belongs_to_some_kinds_is_refused_for_the_others(kind, field, value, owners):
    values = {"ablation": kind, **needed(kind, "a b"), field: value}
    if kind.value in owners:
        assert getattr(spec(**values), field) == value
        return
    said = f"{' and '.join(owners)} ablation only, not by {kind.value}"
    with pytest.raises(InputError, match=said) as caught:
        spec(**values)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "mean-across-heads ablation, every position"),
        ({"ablation": "zero", "positions": "last"}, "zero ablation, the prompt's last position"),
        ({"ablation": "zero", "positions": (4,)}, "zero ablation, position 4"),
        ({"ablation": "zero", "positions": (9, 0, 4)}, "zero ablation, positions 0, 4 and 9"),
        (
            {"ablation": "zero", "positions": tuple(range(2, 40))},
            "zero ablation, 38 positions from 2 to 39",
        ),
        (
            {"ablation": "mean"},
            "mean ablation against 64 reference sentences (Headsweep's default set), every "
            "position",
        ),
        (
            {"ablation": "mean", "reference": ("x", "y")},
            "mean ablation against 2 reference prompts, every position",
        ),
        (
            {"ablation": "mean-positional", "reference": ("x",)},
            "mean-positional ablation against 1 reference prompt, every position",
        ),
        (
            {"ablation": "resample", "corrupted_prompt": "b a", "positions": (3, 7)},
            "resample ablation from “b a”, positions 3 and 7",
        ),
        (
            {"ablation": "resample", "corrupted_prompt": "b" * 61},
            f"resample ablation from “{'b' * 59}…”, every position",
        ),
        (
            {"ablation": "resample", "corrupted_prompt": "a\n\x1b[31m\u202e🙂"},
            "resample ablation from “a\\n\\x1b[31m\\u202e🙂”, every position",
        ),
    ],
)
def test_the_ablation_in_words(changes, said):
    assert spec(**changes).in_words() == said


@pytest.mark.slow
@given(SPECS)
def test_the_words_are_one_printable_line_for_any_spec(made):
    said = made.in_words()
    assert said.isprintable()
    assert said == made.resolved(prepend_bos=True).in_words()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"prompt": ""}, "prompt", "empty"),
        ({"prompt": " \n\t "}, "prompt", "blank"),
        ({"prompt": "\u3000\u00a0"}, "prompt", "blank"),
        ({"prompt": "a" * (MAX_PROMPT_CHARACTERS + 1)}, "prompt", "50,001 characters"),
        ({"prompt": "a" * 100_000}, "prompt", "100,000 characters"),
        ({"prompt": "ab\ud83d!"}, "prompt", "U+D83D at character 3"),
        ({"prompt": None}, "prompt", "is null, not text"),
        ({"prompt": b"bytes"}, "prompt", "bytes"),
        ({"target": ""}, "target", "empty"),
        ({"target": "   "}, "target", "blank"),
        ({"target": ()}, "target", "empty"),
        ({"target": None}, "target", "empty"),
        ({"target": "x" * 1_001}, "target", "1,001 characters"),
        ({"target": "\udc00"}, "target", "U+DC00"),
        ({"target": (" a", " a")}, "target", "twice"),
        ({"target": (" a", 3)}, "target", "a number"),
        ({"target": (" a", "")}, "target", "empty"),
        ({"foil": " c"}, "foil", "same as the target"),
        ({"foil": (" c",)}, "foil", "same as the target"),
        ({"foil": "  "}, "foil", "blank"),
        ({"foil": "\udfff"}, "foil", "U+DFFF"),
        ({"model": ""}, "model", "empty"),
        ({"model": " \n"}, "model", "blank"),
        ({"model": "m" * 1_001}, "model", "1,001 characters"),
        ({"model": "a\ud800"}, "model", "U+D800"),
        ({"ablation": "noise"}, "ablation", "'noise'"),
        ({"ablation": None}, "ablation", "mean-across-heads, zero"),
        ({"ablation": "resample"}, "corrupted_prompt", "second prompt"),
        ({"ablation": "resample", "corrupted_prompt": ""}, "corrupted_prompt", "second prompt"),
        ({"ablation": "resample", "corrupted_prompt": " \n"}, "corrupted_prompt", "blank"),
        (
            {"ablation": "resample", "corrupted_prompt": 3},
            "corrupted_prompt",
            "is a number, not text",
        ),
        ({"ablation": "resample", "corrupted_prompt": "a\ud800"}, "corrupted_prompt", "U+D800"),
        (
            {"ablation": "resample", "corrupted_prompt": "a" * (MAX_PROMPT_CHARACTERS + 1)},
            "corrupted_prompt",
            "50,001 characters",
        ),
        ({"corrupted_prompt": "b a"}, "corrupted_prompt", "not by mean-across-heads"),
        ({"ablation": "mean", "corrupted_prompt": "b a"}, "corrupted_prompt", "not by mean"),
        ({"reference": ("x",)}, "reference", "not by mean-across-heads"),
        ({"ablation": "mean", "reference": ()}, "reference", "empty"),
        ({"ablation": "mean", "reference": "x"}, "reference", "text, not a list"),
        ({"ablation": "mean", "reference": ("x", " ")}, "reference", "prompt 2 is blank"),
        ({"ablation": "mean", "reference": ("\udc00",)}, "reference", "U+DC00"),
        ({"ablation": "mean", "reference": ("x",) * 1_001}, "reference", "1,001 prompts"),
        ({"ablation": "mean-positional"}, "reference", "as many tokens as the prompt"),
        ({"ablation": "mean-positional", "reference": ()}, "reference", "empty"),
        ({"ablation": "mean-positional", "reference": ("x", " ")}, "reference", "prompt 2 is"),
        ({"positions": "first"}, "positions", "'first'"),
        ({"positions": ()}, "positions", "[] is not a choice"),
        ({"positions": (-1,)}, "positions", "[-1]"),
        ({"positions": (1.5,)}, "positions", "[1.5]"),
        ({"positions": (True,)}, "positions", "[true]"),
        ({"prepend_bos": "yes"}, "prepend_bos", "'yes'"),
        ({"prepend_bos": 1}, "prepend_bos", "1"),
        ({"weights": "folded"}, "weights", "'folded'"),
        ({"dtype": "float16"}, "dtype", "'float16'"),
    ],
)
def test_bad_values_name_the_field_and_what_was_seen(changes, field, said):
    with pytest.raises(InputError) as caught:
        spec(**changes)
    assert caught.value.field == field
    assert said in str(caught.value)
    str(caught.value).encode()  # no half character is repeated in the message


@pytest.mark.parametrize("text", ["\n", "\t", "\x00", "🙂", "שלום", "<img src=x onerror=alert(1)>"])
def test_odd_but_valid_text_is_taken_as_it_is(text):
    made = spec(prompt=f"a{text}", target=text)
    assert made.target == text
    assert SweepSpec.from_json(made.to_json()) == made


def test_the_longest_prompt_is_taken():
    assert len(spec(prompt="a" * MAX_PROMPT_CHARACTERS).prompt) == MAX_PROMPT_CHARACTERS


def test_unknown_and_missing_keys_are_refused_by_name():
    with pytest.raises(InputError, match="'seed'") as caught:
        SweepSpec.from_dict({**spec().to_dict(), "seed": 1})
    assert caught.value.field == "seed"
    values = spec().to_dict()
    del values["target"]
    with pytest.raises(InputError, match="'target'"):
        SweepSpec.from_dict(values)


@pytest.mark.parametrize("text", ["[]", "3", '"demo"', "null", "{", ""])
def test_text_that_is_no_json_object_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        SweepSpec.from_json(text)


@pytest.mark.parametrize("field", ["target", "foil"])
def test_a_set_of_answers_is_bounded(field):
    def spec(count):
        given = {"model": "demo", "prompt": "p", "target": "t"}
        return SweepSpec(**{**given, field: tuple(f" {number}" for number in range(count))})

    assert len(getattr(spec(MAX_ANSWERS).asked_for(), field)) == MAX_ANSWERS
    with pytest.raises(InputError, match=f"1,001 {field}s; at most 1,000 are taken") as caught:
        spec(MAX_ANSWERS + 1).asked_for()
    assert caught.value.field == field
    # One of an earlier version's files may be as large as a vocabulary.
    assert len(getattr(spec(50_257), field)) == 50_257
    with pytest.raises(InputError, match=f"500,000 {field}s; at most 60,000 are taken"):
        spec(500_000)
