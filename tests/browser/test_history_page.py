"""The kept runs in a real browser: found, named, deleted and had back, opened."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.hostile import MARKUP
from support.serving import dashboard

from core.demo import example
from core.spec.ablation import AblationKind
from core.store.connect import default_url
from core.store.run import Label
from core.store.store import Store
from core.text.numbers import percent, signed

SAVED = example.saved()
HOUR = 3600


def run_of(prompt, **changes):
    """The saved run as if it had been asked something else."""
    return replace(SAVED, spec=replace(SAVED.spec, prompt=prompt, **changes))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(default_url(tmp_path_factory.mktemp("kept")))
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(store, tmp_path_factory):
    """A dashboard of its own on `store`'s folder: every run there is counted."""
    folder = Path(store._engine.url.database).parent
    log = tmp_path_factory.mktemp("history-server") / "log.txt"
    with dashboard(log=log, HEADSWEEP_DATA_DIR=str(folder)) as url:
        yield url


@pytest.fixture
def kept(store):
    """kept(result, ...): its id; whatever a test has kept is gone after it."""
    begun = time.time()
    made = []

    def keep(result, age=0.0, label=None, layer_effects=None):
        made.append(store.keep(result, layer_effects, label, created=begun - age))
        return made[-1]

    yield keep
    with store._writing() as connection:
        connection.exec_driver_sql("DELETE FROM runs")


@pytest.fixture
def history(new_tab, server):
    """The History page, opened by its address."""
    page = new_tab()
    page.visit(f"{server}/history")
    return page


def wait_ids(page, expected):
    """Until these runs are on the page, from above."""
    page.page.wait_for_function(
        """wanted => JSON.stringify(
          Array.from(document.querySelectorAll('[class*=st-key-run_]'),
            e => /st-key-run_([0-9a-f]{12})/.exec(e.className)?.[1]).filter(Boolean)
        ) === JSON.stringify(wanted)""",
        arg=list(expected),
    )


def search(page, text):
    page.page.locator(".st-key-history_text input").fill(text)


def pick(page, run_id):
    page.page.locator(f'[class*="st-key-pick_{run_id}"] label').first.click()
    page.settle()


def narrow(page, key, option):
    page.page.locator(f".st-key-{key} input").click()
    page.page.get_by_role("option", name=option, exact=True).click()
    page.settle()


def toggle(page, key):
    page.page.locator(f".st-key-{key} label").first.click()
    page.settle()


def test_runs_are_listed_found_and_narrowed(kept, history):
    old = kept(SAVED, 5 * HOUR, Label("The notebook’s", "Seen in Leiden", ("talk", "pangram")))
    zero = kept(run_of("a zebra crossing", ablation=AblationKind.ZERO), 3 * HOUR)
    other = kept(run_of("Other weights", model="gpt2"), 2 * HOUR, Label(tags=("talk",)))
    new = kept(run_of("of late"), HOUR)
    history.page.reload()
    wait_ids(history, [new, other, zero, old])
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
    sizes = "Array.from(document.querySelectorAll('.hs-thumb'), i => [i.naturalWidth, i.alt])"
    for width, alt in history.page.evaluate(sizes):
        assert width == SAVED.shape[1]
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
        wait_ids(history, found)
    search(history, "")
    narrow(history, "history_kind", "zero")
    wait_ids(history, [zero])
    history.wait_address({"ablation": ["zero"]})
    history.page.reload()
    wait_ids(history, [zero])
    history.visit(history.page.url.partition("?")[0] + "?tag=talk&model=gpt2&q=weights")
    wait_ids(history, [other])
    history.visit(history.page.url.partition("?")[0] + "?tag=nosuch&ablation=nosuch")
    wait_ids(history, [new, other, zero, old])


def test_a_name_tags_and_a_note_are_given_found_and_shown_as_typed(kept, history):
    run = kept(SAVED)
    kept(run_of("another"), HOUR)
    history.page.reload()
    history.page.locator(f".st-key-edit_{run} button").click()
    history.page.locator(".st-key-label_title input").fill(MARKUP)
    history.page.locator(".st-key-label_tags input").fill("<b>x</b>, induction")
    history.page.locator(".st-key-label_notes textarea").fill(f"note {MARKUP}")
    history.page.locator(".st-key-label_save button").click()
    history.wait_text(f"run_{run}", MARKUP)
    history.settle()
    assert history.text(f"run_{run}").count(MARKUP) == 2
    assert "<b>x</b>" in history.text(f"run_{run}")
    for words in ("onerror", "induction", "note"):
        search(history, words)
        wait_ids(history, [run])
    assert history.page.locator("img[src=x], .katex").count() == 0

    history.page.locator(f".st-key-edit_{run} button").click()
    history.page.locator(".st-key-label_title input").fill("x" * 150)
    history.page.locator(".st-key-label_tags input").fill(", ".join(f"t{i}" for i in range(30)))
    history.page.locator(".st-key-label_save button").click()
    history.wait_error("30 tags are given; at most 20 are kept")
    assert history.typed("label_title") == "x" * 150, "what was typed is still there"


def test_one_and_several_are_deleted_undone_and_restored(kept, history):
    first, second, third = (kept(run_of(f"number {i}"), i * HOUR) for i in range(3))
    history.page.reload()
    wait_ids(history, [first, second, third])
    pick(history, first)
    history.click_button("delete_runs")
    wait_ids(history, [second, third])
    history.click_button("undo_delete")
    wait_ids(history, [first, second, third])

    pick(history, first)
    pick(history, third)
    history.wait_text("delete_runs", "Delete 2")
    history.click_button("delete_runs")
    wait_ids(history, [second])
    assert "2 runs deleted; kept for seven days" in history.text("undo_row")
    toggle(history, "history_deleted")
    wait_ids(history, [first, third])
    history.click_button(f"restore_{third}")
    wait_ids(history, [first])
    toggle(history, "history_deleted")
    wait_ids(history, [second, third])
    assert "2 runs deleted" not in history.text("undo_row"), "one of them is back"


def test_a_run_is_opened_into_the_sweep_page(kept, history):
    result = run_of("red green blue red green", target=" blue", ablation=AblationKind.ZERO,
                    positions="last", prepend_bos=True)  # fmt: skip
    run = kept(result, layer_effects=example.saved_layer_effects())
    history.page.reload()
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
    history.page.locator(".st-key-label_title input").fill("Named on the Sweep page")
    history.page.locator(".st-key-label_save button").click()
    history.wait_text("run_bar", "Named on the Sweep page")
    history.go("History")
    history.wait_text(f"run_{run}", "Named on the Sweep page")


def test_a_swept_run_is_this_tabs_own(kept, history, server, open_page):
    theirs = kept(run_of("somebody else’s"), HOUR)
    page = open_page(url=server)
    page.wait_live()
    page.type_prompt("one two three one two")
    page.type("target", " three")
    page.run()
    page.wait_text("run_bar", "kept as run")
    own = page.text("run_bar").partition("kept as run ")[2][:12]
    page.go("History")
    wait_ids(page, [own, theirs])
    toggle(page, "history_mine")
    wait_ids(page, [own])
    history.page.reload()
    wait_ids(history, [own, theirs])
    toggle(history, "history_mine")
    wait_ids(history, [])


def test_more_than_a_page_of_runs_is_paged(kept, history):
    runs = [kept(run_of(f"number {i}"), i * HOUR) for i in range(43)]
    history.page.reload()
    wait_ids(history, runs[:20])
    history.wait_text("history_pages", "1 to 20 of 43")
    history.click_button("older")
    history.click_button("older")
    wait_ids(history, runs[40:])
    assert history.page.locator(".st-key-older button").is_disabled()
    search(history, "number 4")
    wait_ids(history, [runs[i] for i in (4, 14, 24, 34, 40, 41, 42)])
    search(history, "")
    wait_ids(history, runs[:20])
    history.click_button("older")
    history.click_button("newer")
    wait_ids(history, runs[:20])


def test_with_nothing_kept_it_says_what_will_be_here(history):
    history.page.reload()
    history.wait_text("history", "No run is kept yet")
    toggle(history, "history_deleted")
    history.wait_text("history", "Nothing has been deleted in the last seven days")
