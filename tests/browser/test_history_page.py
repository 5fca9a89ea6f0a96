"""The list of kept runs in a real browser: its pictures, its search as one types, its dialog.

What is found, named, deleted and opened is tested in tests/served.
"""

import time

import pytest
from support.for_everybody import shuts_nobody_out
from support.hostile import MARKUP
from support.saved_run import SAVED, run_of

from core.store.connect import default_url
from core.store.run import Label
from core.store.store import Store


@pytest.fixture
def runs(server, server_folder):
    """Two kept runs of `server`, the newer one first, found by the word "quagga"."""
    store = Store(default_url(server_folder / "data"))
    labels = (Label(MARKUP, f"note {MARKUP}", ("<b>x</b>",)), Label("The second run"))
    made = [
        store.keep(run_of(f"quagga {age}"), None, label, created=time.time() - age)
        for age, label in enumerate(labels)
    ]
    yield made
    store.delete(made)
    store.close()


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


def test_the_search_finds_while_one_types_and_labels_are_shown_and_kept_as_typed(
    runs, new_tab, server
):
    page = new_tab()
    page.visit(f"{server}/history?q=quagga")
    wait_ids(page, runs)
    page.page.wait_for_function(
        "n => Array.from(document.querySelectorAll('.hs-thumb')).filter(i => i.complete).length"
        " === n",
        arg=len(runs),
    )
    sizes = "Array.from(document.querySelectorAll('.hs-thumb'), i => [i.naturalWidth, i.alt])"
    pictures = page.page.evaluate(sizes)
    assert len(pictures) == 2
    for width, alt in pictures:
        assert width == SAVED.shape[1]
        assert "3 layers by 4 heads" in alt

    hostile, _ = runs
    search(page, "quagga onerror")
    wait_ids(page, [hostile])
    assert page.text(f"run_{hostile}").count(MARKUP) == 2
    assert "<b>x</b>" in page.text(f"run_{hostile}")
    assert page.page.locator("img[src=x], .katex").count() == 0

    page.page.locator(f".st-key-edit_{hostile} button").click()
    page.page.locator(".st-key-label_title input").fill("x" * 150)
    page.page.locator(".st-key-label_tags input").fill(", ".join(f"t{i}" for i in range(30)))
    page.page.locator(".st-key-label_save button").click()
    page.wait_error("30 tags are given; at most 20 are kept")
    assert page.typed("label_title") == "x" * 150, "what was typed is still there"
    page.page.keyboard.press("Escape")
    shuts_nobody_out(page, "History")
