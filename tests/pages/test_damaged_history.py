"""History and `headsweep runs list`, over a database with every kind of damaged row."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.damage import damaged_rows
from support.script_page import page_html

from components.widgets.history import listing
from core.cli import main
from core.store.keeper import KEEPER
from core.store.run import Query
from core.store.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """The store, and the whole run's id."""
    url = f"sqlite:///{tmp_path / 'runs.sqlite3'}"
    whole, _ = damaged_rows(url)
    store = Store(url)
    monkeypatch.setattr(KEEPER, "_store", store)
    yield store, whole
    store.close()


@pytest.mark.slow
def test_history_lists_all_that_can_be_read_and_names_the_rest(damaged, monkeypatch):
    store, whole = damaged
    monkeypatch.setattr(listing, "AT_ONCE", 10_000)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/history.py").run()
    assert not app.exception
    shown = page_html(app)
    assert shown.count('class="hs-run"') == len(store.listed(Query(), 0, 10_000))
    assert "is damaged in the database: its" in shown
    assert "What is damaged stays as it is" in shown
    assert "<img src=x" not in shown
    assert app.button(key=f"open_{whole}")


def test_a_page_of_nothing_but_damaged_rows_says_so_and_leads_on(damaged, monkeypatch):
    """It once said that no run is kept, and had no way to the next page."""
    store, whole = damaged
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET created = 5e11 WHERE summary = ''")
        connection.exec_driver_sql(
            f"DELETE FROM runs WHERE summary IS NOT '' AND id IS NOT '{whole}'"
        )
    monkeypatch.setattr(listing, "AT_ONCE", 1)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/history.py").run()
    assert "is damaged in the database" in page_html(app)
    assert not app.button(key="older").disabled
    app.button(key="older").click().run()
    assert app.button(key=f"open_{whole}")


def test_the_command_line_lists_them_too(damaged, capfd):
    _, whole = damaged
    with pytest.raises(SystemExit) as end:
        main(["runs", "list", "--limit", "10000"])
    assert not end.value.code
    out, err = capfd.readouterr()
    assert whole in out
    assert "What is damaged stays as it is" in " ".join(err.split())
