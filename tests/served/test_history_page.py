"""The kept runs: found, named, deleted and had back, opened."""

import re
import time

import numpy as np
import pytest
from support.hostile import MARKUP
from support.saved_run import SAVED, run_of

from core.demo import example
from core.spec.ablation import AblationKind
from core.store.connect import default_url
from core.store.run import Label
from core.store.store import Store
from core.text.numbers import percent, signed

HOUR = 3600


@pytest.fixture(scope="module")
def server(elsewhere):
    """Whose tests run one after the other: every run there is counted."""
    return elsewhere


@pytest.fixture(scope="module")
def store(elsewhere, elsewhere_folder):
    store = Store(default_url(elsewhere_folder))
    yield store
    store.close()


@pytest.fixture
def kept(store):
    """kept(result, ...): its id; nothing else is kept, before a test and after it."""
    empty(store)
    begun = time.time()
    made = []

    def keep(result, age=0.0, label=None, layer_effects=None):
        made.append(store.keep(result, layer_effects, label, created=begun - age))
        return made[-1]

    yield keep
    empty(store)


def empty(store):
    """Forget every run, the deleted ones too."""
    with store._writing() as connection:
        connection.exec_driver_sql("DELETE FROM runs")


@pytest.fixture
def open_history(new_tab, server):
    """open_history(query): the History page, opened by its address."""

    def open_(query=""):
        page = new_tab()
        page.visit(f"{server}/history{query}")
        return page

    return open_


def ids(page):
    """The runs on the page, from above."""
    rows = (re.fullmatch(r"run_([0-9a-f]{12})", n.key) for n in page.session.page.within("history"))
    return [row[1] for row in rows if row]


def search(page, text):
    page.type("history_text", text)


def pick(page, run_id):
    page.switch(page.whole_key(f"pick_{run_id}"))


def test_runs_are_listed_found_and_narrowed(kept, open_history):
    old = kept(SAVED, 5 * HOUR, Label("The notebook’s", "Seen in Leiden", ("talk", "pangram")))
    zero = kept(run_of("a zebra crossing", ablation=AblationKind.ZERO), 3 * HOUR)
    other = kept(run_of("Other weights", model="gpt2"), 2 * HOUR, Label(tags=("talk",)))
    new = kept(run_of("of late"), HOUR)
    history = open_history()
    assert ids(history) == [new, other, zero, old]
    history.settle()

    best = SAVED.ranked()[0]
    row = history.text(f"run_{old}")
    for fact in (
        "The notebook’s",
        SAVED.spec.prompt,
        "demo",
        f"P(target) {percent(SAVED.baseline.prob)}",
        f"largest {best.address.label} {signed(100 * best.prob_change)} pp",
        "talk",
        "Seen in Leiden",
    ):
        assert fact in row
    pictures = re.findall(r'class="hs-thumb" alt="([^"]*)"', history.html())
    assert len(pictures) == 4
    for alt in pictures:
        assert "3 layers by 4 heads" in alt

    for words, found in (
        ("ZEBRA", [zero]),
        ("leiden", [old]),
        ("panGRAM fox", [old]),
        ("talk", [other, old]),
        ("talk zebra", []),
        ("%", []),
        ("jumps", [new, other, zero, old]),
    ):
        search(history, words)
        assert ids(history) == found
    search(history, "")
    history.type("history_kind", "zero")
    assert ids(history) == [zero]
    history.wait_address({"ablation": ["zero"]})
    for query, found in (
        (history.query(), [zero]),
        ("?tag=talk&model=gpt2&q=weights", [other]),
        ("?tag=nosuch&ablation=nosuch", [new, other, zero, old]),
    ):
        assert ids(open_history(query)) == found


def test_a_name_tags_and_a_note_are_given_found_and_shown_as_typed(kept, open_history):
    run = kept(SAVED)
    kept(run_of("another"), HOUR)
    history = open_history()
    history.click_button(f"edit_{run}")
    history.fill("label_title", MARKUP)
    history.fill("label_tags", "<b>x</b>, induction")
    history.fill("label_notes", f"note {MARKUP}")
    history.click_button("label_save")
    history.wait_text(f"run_{run}", MARKUP)
    history.settle()
    assert history.text(f"run_{run}").count(MARKUP) == 2
    assert "<b>x</b>" in history.text(f"run_{run}")
    for words in ("onerror", "induction", "note"):
        search(history, words)
        assert ids(history) == [run]
    assert "<img src=x" not in history.html()
    assert MARKUP not in history.markdown()

    history.click_button(f"edit_{run}")
    history.fill("label_title", "x" * 150)
    history.fill("label_tags", ", ".join(f"t{i}" for i in range(30)))
    history.click_button("label_save")
    history.wait_error("30 tags are given; at most 20 are kept")
    assert history.typed("label_title") == "x" * 150, "what was typed is still there"


def test_one_and_several_are_deleted_undone_and_restored(kept, open_history):
    first, second, third = (kept(run_of(f"number {i}"), i * HOUR) for i in range(3))
    history = open_history()
    assert ids(history) == [first, second, third]
    pick(history, first)
    history.click_button("delete_runs")
    assert ids(history) == [second, third]
    history.click_button("undo_delete")
    assert ids(history) == [first, second, third]

    pick(history, first)
    pick(history, third)
    history.wait_text("delete_runs", "Delete 2")
    history.click_button("delete_runs")
    assert ids(history) == [second]
    assert "2 runs deleted; kept for seven days" in history.text("undo_row")
    history.switch("history_deleted")
    assert ids(history) == [first, third]
    history.click_button(f"restore_{third}")
    assert ids(history) == [first]
    history.switch("history_deleted", False)
    assert ids(history) == [second, third]
    assert "2 runs deleted" not in history.text("undo_row"), "one of them is back"


def test_a_run_is_opened_into_the_sweep_page(kept, open_history):
    result = run_of("red green blue red green", target=" blue", ablation=AblationKind.ZERO,
                    positions="last", prepend_bos=True)  # fmt: skip
    run = kept(result, layer_effects=example.saved_layer_effects())
    history = open_history()
    history.click_button(f"open_{run}")
    history.wait_heatmap()
    history.wait_text("run_bar", f"kept as run {run}")
    history.settle()
    assert np.allclose(history.z(), 100 * SAVED.values("prob_change"), atol=0.02)
    assert history.typed("prompt") == "red green blue red green"
    assert history.typed("target") == " blue"
    assert history.pressed("ablation") == ["zero"]
    assert history.pressed("positions") == ["last"]
    assert history.text("situation") == ""
    history.click_button("name_run")
    history.fill("label_title", "Named on the Sweep page")
    history.click_button("label_save")
    history.wait_text("run_bar", "Named on the Sweep page")
    history.go("History")
    history.wait_text(f"run_{run}", "Named on the Sweep page")


def test_a_swept_run_is_this_tabs_own(kept, open_history, open_page):
    theirs = kept(run_of("somebody else’s"), HOUR)
    page = open_page()
    page.wait_live()
    page.type_prompt("one two three one two")
    page.type("target", " three")
    page.run()
    page.wait_text("run_bar", "kept as run")
    own = page.text("run_bar").partition("kept as run ")[2][:12]
    page.go("History")
    assert ids(page) == [own, theirs]
    page.switch("history_mine")
    assert ids(page) == [own]
    history = open_history()
    assert ids(history) == [own, theirs]
    history.switch("history_mine")
    assert ids(history) == []


def test_more_than_a_page_of_runs_is_paged(kept, open_history):
    runs = [kept(run_of(f"number {i}"), i * HOUR) for i in range(43)]
    history = open_history()
    assert ids(history) == runs[:20]
    history.wait_text("history_pages", "1 to 20 of 43")
    history.click_button("older")
    history.click_button("older")
    assert ids(history) == runs[40:]
    assert history.is_disabled("older")
    search(history, "number 4")
    assert ids(history) == [runs[i] for i in (4, 14, 24, 34, 40, 41, 42)]
    search(history, "")
    assert ids(history) == runs[:20]
    history.click_button("older")
    history.click_button("newer")
    assert ids(history) == runs[:20]


def test_with_nothing_kept_it_says_what_will_be_here(kept, open_history):
    history = open_history()
    history.wait_text("history", "No run is kept yet")
    history.switch("history_deleted")
    history.wait_text("history", "Nothing has been deleted in the last seven days")
