"""Permalinks: every spec that a link may hold comes back, and nothing else does harm."""

import builtins
import os
import socket
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from core.checkpoints import catalogue
from core.demo.example import SPEC, saved
from core.errors import InputError
from core.exports import links
from core.spec.ablation import AblationKind, Needs
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
PROMPT = TEXT.filter(str.strip)
ANSWER = TEXT.filter(lambda text: text.strip(" ")) | st.lists(
    TEXT, min_size=2, max_size=4, unique=True
).map(tuple)
MODEL = st.sampled_from(
    ["demo", "gpt2", "gpt2-small", "m", "org/name", "/a/b", "~/x"]
) | TEXT.filter(str.strip)
POSITIONS = st.sampled_from(["all", "last"]) | st.sets(
    st.integers(0, 10**9 - 1), min_size=1, max_size=9
).map(tuple)


@st.composite
def specs(draw):
    kind = draw(st.sampled_from(AblationKind))
    target = draw(ANSWER)
    foil = draw(st.none() | ANSWER)
    assume(foil != target)
    return SweepSpec(
        model=draw(MODEL),
        prompt=draw(PROMPT | st.just("p")),
        target=target,
        foil=foil,
        ablation=kind,
        corrupted_prompt=draw(PROMPT) if kind is AblationKind.RESAMPLE else None,
        reference=draw((st.none() if kind.traits.has_default else st.nothing())
                       | st.just(DEFAULT) | st.lists(PROMPT, min_size=1, max_size=3)
                       .map(tuple)) if kind.traits.needs is Needs.REFERENCE else None,
        positions=draw(POSITIONS),
        prepend_bos=draw(st.none() | st.booleans()),
        weights=draw(st.sampled_from(["processed", "raw"])),
        dtype=draw(st.sampled_from(["float32", "bfloat16"])),
    )  # fmt: skip


def as_opened(spec):
    """What a link to a spec means: the same with its model's own name, and defaults left open."""
    asked = links.as_requested(spec)
    return replace(asked, model=catalogue.canonical(asked.model))


@pytest.mark.slow
@given(spec=specs(), prefix=st.sampled_from(["", "a.", "b."]))
@example(SweepSpec(model="m", prompt="p", target="t"), "")
@example(SweepSpec(model="demo", prompt="1", target="0", foil=("all", "last")), "a.")
@settings(deadline=None, max_examples=75, suppress_health_check=[HealthCheck.too_slow])
def test_a_spec_comes_back_from_its_address(spec, prefix):
    params = links.to_params(spec, prefix)
    assume(links.fits(params))
    assert set(params) <= set(links.names(prefix))
    query = links.query_of(params)
    assert len(query) <= links.MAX_LENGTH
    read = parse_qs(query, keep_blank_values=True, strict_parsing=True)
    assert read == params
    assert links.from_params(read, prefix) == links.from_params(params, prefix) == as_opened(spec)
    other = "a." if prefix != "a." else "b."
    assert links.from_params(params, other) is None
    assert links.to_params(as_opened(spec), prefix) == links.to_params(
        replace(spec, model=catalogue.canonical(spec.model)), prefix
    )


@pytest.mark.slow
@given(spec=specs(), model=st.sampled_from(["demo", "gpt2", "gpt2-small", "EleutherAI/pythia-9"]))
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_resolved_spec_has_the_link_of_the_one_that_was_asked(spec, model):
    spec, usual = (
        replace(spec, model=model, prepend_bos=None),
        catalogue.default_prepend_bos(model),
    )
    assert usual is True
    assert links.to_params(spec.resolved(prepend_bos=usual)) == links.to_params(spec)


def test_a_link_reads_well():
    assert links.query_of(links.to_params(saved().spec)) == (
        "model=demo&prompt=The+quick+brown+fox+jumps+over+the+lazy+dog.+The+quick+brown+fox"
        "&target=+jumps&ablation=mean-across-heads"
    )
    spec = replace(SPEC, foil=(" a", " b"), positions=(3, 0), prepend_bos=False, dtype="bfloat16")
    params = links.to_params(spec)
    assert params["foil"] == [" a", " b"]
    assert (params["positions"], params["bos"]) == (["0,3"], ["0"])
    assert params["dtype"] == ["bfloat16"]


def test_no_parameter_of_ours_asks_for_nothing():
    assert links.from_params({}) is None
    assert links.from_params({"metric": ["kl"], "head": ["L0H0"], "utm": ["x"] * 1000}) is None
    assert links.from_params({name: [] for name in links.names()}) is None


def test_a_spec_that_no_link_may_hold_does_not_fit():
    many = replace(SPEC, ablation=AblationKind.MEAN, reference=tuple(f"a{n}" for n in range(101)))
    for spec in (many, replace(SPEC, prompt="x" * 6000), replace(SPEC, prompt="é" * 1100)):
        params = links.to_params(spec)
        assert not links.fits(params)
        with pytest.raises(InputError, match="export the run as JSON") as caught:
            links.from_params(params)
        assert caught.value.field == "address"
    fits = replace(many, reference=many.reference[:100])
    assert links.from_params(links.to_params(fits)) == fits


FIELDS = [*links.names(), "run"]
WHOLE = {"model": ["demo"], "prompt": ["a b"], "target": [" b"]}
HOSTILE = [
    "", " ", "\0", "\ud800", "\ud800" * 100, "x" * 100_000, "-1", "1e9", "NaN", "null", "[]", "{}",
    "../../etc/passwd", "file:///etc/passwd", "~root", "http://localhost:1/", "\\\\host\\share",
    "<script>alert(1)</script>", "'; DROP TABLE runs; --", "%s%n", "0,", ",", "0,,1", "1,a", "²",
    "٣", "0" * 20, "9" * 5900, "0," * 2900 + "0", "true", "True", "__class__", "resample", "mean",
]  # fmt: skip


@pytest.fixture
def sealed(monkeypatch):
    """Nothing is opened, looked at or connected to."""

    def forbidden(*given, **options):
        raise AssertionError(f"looked at: {given}")

    for module, names in (
        (os, ("stat", "lstat", "open", "scandir", "listdir")),
        (builtins, ("open",)),
        (socket, ("socket", "getaddrinfo")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, forbidden)
    yield
    monkeypatch.undo()


def opened(params):
    """What an address opens, and what is said to be wrong with it."""
    try:
        links.run_id(params)
        return links.from_params(params), ""
    except InputError as error:
        return None, str(error)


def test_hostile_parameters_are_an_input_error_and_lead_nowhere(sealed):
    n_opened = 0
    for name in FIELDS:
        for text in HOSTILE:
            for texts in ([text], [text, text], [text, "x"], [text] * 101):
                for params in ({**WHOLE, name: texts}, {name: texts}):
                    spec, wrong = opened(params)
                    assert len(wrong) < 8_000
                    n_opened += spec is not None
    assert n_opened > 20  # a path may stand for a model's name: it is not followed here


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(FIELDS), st.lists(st.text(max_size=20) | st.sampled_from(HOSTILE)),
    )
)  # fmt: skip
@settings(deadline=None, max_examples=100)
def test_no_parameters_raise_anything_but_an_input_error(params):
    spec, _ = opened(params)
    if spec is not None:
        assert links.from_params(links.to_params(spec)) == as_opened(spec)


@pytest.mark.parametrize(
    ("params", "field", "said"),
    [
        ({"model": ["demo"]}, "prompt", "copy the whole"),
        ({"dtype": ["float32"]}, "model", "copy the whole"),
        ({**WHOLE, "bos": ["yes"]}, "bos", "write 0 or 1"),
        ({**WHOLE, "positions": ["1;2"]}, "positions", "write all, last, or 0,3,5"),
        ({**WHOLE, "positions": ["-1"]}, "positions", "write all, last, or 0,3,5"),
        ({**WHOLE, "positions": ["0,1_0"]}, "positions", "write all, last, or 0,3,5"),
        ({**WHOLE, "positions": ["0,+1"]}, "positions", "write all, last, or 0,3,5"),
        ({**WHOLE, "positions": ["٣"]}, "positions", "write all, last, or 0,3,5"),
        ({**WHOLE, "prompt": ["a", "b"]}, "prompt", "2 times"),
        ({**WHOLE, "ablation": ["none"]}, "ablation", "choose one of"),
        ({**WHOLE, "ablation": ["resample"]}, "corrupted_prompt", "needs a corrupted prompt"),
        ({**WHOLE, "weights": ["fried"]}, "weights", "processed or raw"),
        ({**WHOLE, "foil": [" b"]}, "foil", "same as the target"),
        ({**WHOLE, "target": [" b", " b"]}, "target", "twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(params, field, said):
    with pytest.raises(InputError, match=said) as caught:
        links.from_params(params)
    assert caught.value.field == field


def test_a_run_is_named_by_twelve_hexadecimal_digits():
    assert links.run_id({"run": ["0123456789ab"]}) == "0123456789ab"
    assert links.run_id({"a": ["0123456789ab"]}, "a") == "0123456789ab"
    assert links.run_id({}) is links.run_id({"run": []}) is None
    for texts in (["0123456789AB"], ["0123456789a"], ["0123456789ab\n"], ["a"] * 2, ["%"], [""]):
        with pytest.raises(InputError, match="12 digits"):
            links.run_id({"run": texts})


def test_an_address_asks_for_no_larger_set_than_may_be_typed():
    params = {"model": ["demo"], "prompt": ["a"], "target": [f" {n}" for n in range(1_001)]}
    with pytest.raises(InputError):
        links.from_params(params)
