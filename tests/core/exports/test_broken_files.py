"""Broken files: whatever is wrong with one is said in words of JSON, not in Python's own."""

import copy
import itertools
import json
import re

import pytest
from support.frozen import V1

from core.errors import InputError
from core.exports.data import read_json
from core.spec.spec import SweepSpec

PYTHON = re.compile(
    r"NoneType|\b(dict|str|int|float|tuple|bool|None|True|False)\b|\w(Error|Exception)\b|\bKeyError"
    r"|object has|attribute|unhashable|indices|argument|iterable|subscript|unpack|mapping"
    r"|unsupported|operand|convert|literal|codec|recursion|sys\."
)
OTHERS = [None, True, 0, -1, 1.5, 1e400, 10**400, "", "x", "\ud83d", [], {}, [None], {"a": 1}]
NAMES = ["export/foil.json", "export/mean-own-reference.json"]


def places(value, path=()):
    """Every place in a JSON value; of a list its last."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    elif isinstance(value, list):
        for index, last in list(enumerate(value))[-1:]:
            yield from places(last, (*path, index))


def changed(whole, path, change):
    """A copy in which `change(holder, name)` was done in one place."""
    values = outer = copy.copy(whole)
    for name in path[:-1]:
        outer[name] = copy.copy(outer[name])
        outer = outer[name]
    change(outer, path[-1])
    return values


def drop(holder, name):
    del holder[name]


def nest(holder, name):
    holder[name] = [holder[name]]


def another(value):
    def put(holder, name):
        holder[name] = value

    return put


def broken(whole):
    """A file with one part left out, nested, or in another's place, for every part."""
    changes = itertools.cycle([drop, nest, *map(another, OTHERS)])
    for path in places(whole):
        for change in itertools.islice(
            changes, 3
        ):  # in turn, so that each meets parts of all kinds
            yield changed(whole, path, change)


def in_plain_words(error: Exception) -> None:
    said = str(error)
    assert not PYTHON.search(said), said
    assert said.endswith((".", "?")), said
    said.encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_run_is_refused_in_plain_words(name):
    n_refused = 0
    for values in broken(json.loads((V1 / name).read_bytes())):
        try:
            read_json("mine.json", json.dumps(values).encode())
        except InputError as error:
            n_refused += 1
            in_plain_words(error)
    assert n_refused > 200


def test_a_run_that_is_cut_off_or_no_text_is_refused_in_plain_words():
    raw = (V1 / NAMES[0]).read_bytes()
    cut = [raw[: len(raw) * part // 40] for part in range(40)]
    others = [b"\xff" + raw, raw.replace(b"0", b"\x00", 1), b"[" * 100_000, b"9" * 5000]
    for given in (*cut, *others, raw.decode().encode("utf-16")):
        with pytest.raises(InputError, match="is not JSON") as caught:
            read_json("mine.json", given)
        in_plain_words(caught.value)


def test_a_broken_spec_is_refused_in_plain_words():
    whole = json.loads((V1 / NAMES[1]).read_bytes())["spec"]
    for values in (*broken(whole), *OTHERS):
        try:
            SweepSpec.from_dict(values)
        except InputError as error:
            in_plain_words(error)


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        (("heads",), drop, "damaged: it has no 'heads'. Export the run anew."),
        (("baseline", "prob"), another(None), "damaged: baseline.prob is null, not a number."),
        (("heads", 3, "kl"), another("x"), "damaged: heads[3].kl is text, not a number."),
        (("heads", 3), nest, "damaged: heads[3] is a list, not an object."),
        (("shape",), another([3]), "damaged: shape has 1 value, not 2."),
        (("baseline", "rank"), another(1.5), "baseline.rank is 1.5, not a whole number."),
        (("baseline", "prob"), another(1e400), "baseline.prob is Infinity, not a finite number."),
        (("special", 1), another("yes"), "special[1] is text, not true or false."),
        (("margins", "mlp"), another({}), "margins.mlp is an object, not a list."),
        (("margins", "first_position"), another({"a b": 1}), 'first_position["a b"] is 1, not an'),
        (("run",), another([]), "run is a list, not an object."),
        (("spec",), another([]), "damaged: spec is a list, not an object."),
        (("spec", "model"), another(None), "The model is null, not text: write it as text."),
        (("spec", "weights"), another(True), "true is not a choice of weights"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(path, change, said):
    whole = json.loads((V1 / NAMES[0]).read_bytes())
    with pytest.raises(InputError, match=re.escape(said)):
        read_json("mine.json", json.dumps(changed(whole, path, change)).encode())
