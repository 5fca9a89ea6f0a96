"""What a browser has had on screen: known to its tabs, after a restart, and to nobody else."""

import pytest
import sqlalchemy as sa

from core.errors import StoreError
from core.results.prediction import Looked
from core.store import browsers, seen
from core.store import store as stores
from core.store.browsers import SeenByBrowsers
from core.store.keeper import Keeper
from core.store.seen import EXPIRES_AFTER, browser_digest, question_digest
from core.store.tables import SEEN

MINE, OTHERS = "1" * 32, "2" * 32
ASKED = ("demo", "a b", " c")


@pytest.fixture
def process(opened):
    """process(): what another server process on the same database knows."""

    def begin(**options):
        return SeenByBrowsers(Keeper(lambda: opened(**options)))

    return begin


def test_a_restart_knows_what_was_seen_and_by_which_browser(process):
    one = process()
    one.mark(MINE, ASKED, Looked.YES)
    assert one.looked(MINE, ASKED) is Looked.YES
    one.write_within(5)
    after = process()
    assert after.looked(MINE, ASKED) is Looked.YES
    assert after.looked(OTHERS, ASKED) is Looked.NO
    assert after.looked(MINE, ("demo", "a b", " d")) is Looked.NO


def test_what_was_looked_at_is_never_less_again(process):
    one = process()
    for looked in (Looked.FRONT_PAGE, Looked.YES, Looked.FRONT_PAGE):
        one.mark(MINE, ASKED, looked)
        one.write_within(5)
    other = process()
    other.mark(MINE, ASKED, Looked.FRONT_PAGE)  # it has not read yet
    other.write_within(5)
    assert process().looked(MINE, ASKED) is Looked.YES


def test_another_server_is_heard_when_it_matters(process):
    one, other = process(), process()
    assert one.looked(MINE, ASKED) is Looked.NO
    other.mark(MINE, ASKED, Looked.YES)
    other.write_within(5)
    assert one.looked(MINE, ASKED) is Looked.NO, "what is known is not asked for at every look"
    assert one.looked(MINE, ASKED, anew=True) is Looked.YES


def test_a_server_that_only_reads_remembers_by_itself(opened, process):
    opened()
    one = process(read_only=True)
    one.mark(MINE, ASKED, Looked.YES)
    one.write_within(5)
    assert one.looked(MINE, ASKED) is Looked.YES
    assert process().looked(MINE, ASKED) is Looked.NO


def test_a_database_in_trouble_loses_nothing_that_this_process_knows(store):
    broken = [True]

    def open_():
        if broken[0]:
            raise StoreError("It is on fire.")
        return store

    one = SeenByBrowsers(Keeper(open_))
    one.mark(MINE, ASKED, Looked.YES)
    one.write_within(5)
    assert one.looked(MINE, ASKED) is Looked.YES
    broken[0] = False
    one.write_within(5)
    assert store.seen_by(browser_digest(MINE)) == {question_digest(MINE, ASKED): Looked.YES}


def test_the_table_holds_neither_an_id_nor_a_prompt(process, store):
    one = process()
    one.mark(MINE, ASKED, Looked.YES)
    one.write_within(5)
    with store._reading() as connection:
        (row,) = connection.execute(sa.select(SEEN)).all()
    assert MINE not in str(row)
    assert "a b" not in str(row)


def test_rows_are_bounded_and_expire(store, monkeypatch):
    monkeypatch.setattr(seen, "MOST_OF_A_BROWSER", 3)
    monkeypatch.setattr(seen, "MOST", 10)
    clock = [1e9]
    monkeypatch.setattr(stores, "now", lambda: clock[0])
    for number in range(5):
        clock[0] += 1
        store.mark_seen("me", {f"q{number}": Looked.YES})
    assert set(store.seen_by("me")) == {"q2", "q3", "q4"}
    for number in range(20):
        clock[0] += 1
        store.mark_seen(f"other{number}", {"q": Looked.YES})
    with store._reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(SEEN)) <= 10
    assert store.seen_by("me") == {}
    assert store.seen_by("other19") == {"q": Looked.YES}
    clock[0] += EXPIRES_AFTER + 30
    assert store.seen_by("other19") == {}


def test_the_memory_is_bounded(process, monkeypatch):
    monkeypatch.setattr(browsers, "MOST_BROWSERS", 3)
    monkeypatch.setattr(browsers, "MOST_OF_A_BROWSER", 2)
    one = process(read_only=True)
    for number in range(6):
        one.mark(f"{number:032x}", ASKED, Looked.YES)
        for target in "abc":
            one.mark(f"{number:032x}", ("demo", "a b", target), Looked.YES)
    assert len(one._seen) == len(one._read_at | one._seen) == 3
    assert max(map(len, one._seen.values())) == 2
