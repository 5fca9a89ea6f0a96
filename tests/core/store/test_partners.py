"""Which kept runs are offered beside a sweep: one thing changed, in words, the likeliest first."""

from dataclasses import replace

import pytest

from core.demo.example import saved
from core.spec.ablation import AblationKind
from core.store.partners import MOST, likely_partners

PROMPT = "the red cat sat. the red cat"
SECOND = "the red cat"


@pytest.fixture
def asked(run_on):
    return run_on(PROMPT, model="demo", target=" sat")


def words(store, asked):
    found = likely_partners(store, asked.spec, asked.shape, store.keep(asked))
    return [partner.words for partner in found]


def test_each_partner_changes_one_thing_and_says_which(store, run_on, asked):
    same = {"model": "demo", "target": " sat"}
    kept = [
        store.keep(run_on(PROMPT, **same, positions="last"), created=1.0),
        store.keep(run_on(SECOND, **same), created=2.0),
        store.keep(run_on(PROMPT, model="gpt2", target=" sat"), created=3.0),
        store.keep(run_on(PROMPT, **same, ablation=AblationKind.ZERO), created=4.0),
    ]
    store.keep(run_on(PROMPT, model="gpt2", target=" sat", ablation=AblationKind.ZERO))  # two
    store.keep(run_on(PROMPT, model="demo", target=" down"))
    store.keep(run_on("the red", **same, positions="last"))
    store.keep(run_on(f"{PROMPT} and", **same))
    found = likely_partners(store, asked.spec, asked.shape, store.keep(asked))
    assert [(partner.words, partner.run_id) for partner in found] == [
        ("the same prompt under zero ablation", kept[3]),
        ("the same prompt on gpt2", kept[2]),
        ("without its first copy: “the red cat”", kept[1]),
        ("the same at the prompt's last position", kept[0]),
    ]


def test_a_control_is_offered_what_it_is_the_control_of(store, run_on, asked):
    store.keep(asked)
    alone = run_on(SECOND, model="demo", target=" sat")
    assert words(store, alone) == [f"with a first copy: “{PROMPT}”"]


def test_of_several_alike_the_newest_is_offered_and_no_deleted_one(store, run_on, asked):
    zero = {"model": "demo", "target": " sat", "ablation": AblationKind.ZERO}
    store.keep(run_on(PROMPT, **zero), created=1.0)
    newest = store.keep(run_on(PROMPT, **zero, dtype="bfloat16"), created=2.0)
    gone = store.keep(run_on(PROMPT, **zero, weights="raw"), created=3.0)
    store.delete([gone])
    found = likely_partners(store, asked.spec, asked.shape, None)
    assert [partner.run_id for partner in found] == [newest]


def test_another_shape_and_more_than_a_few_are_not_offered(store, run_on, asked):
    for number in range(MOST + 2):
        store.keep(run_on(PROMPT, model=f"gpt2-{number}", target=" sat"))
    flat = [replace(each, layer=0, head=index) for index, each in enumerate(saved().heads)]
    other = run_on(PROMPT, model="wide", target=" sat")
    store.keep(replace(other, shape=(1, 12), heads=tuple(flat), _index={}))
    found = words(store, asked)
    assert len(found) == MOST
    assert "the same prompt on wide" not in found
