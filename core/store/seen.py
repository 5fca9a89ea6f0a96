"""Which questions' effects each browser has had on screen, as rows: digests, bounded, expiring.

A row names nobody: a browser is the digest of a random id, a question is digested together with
that id. What is in the table says nothing to whoever has not the id.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.results.prediction import Looked
from core.store.tables import SEEN

EXPIRES_AFTER = 400 * 24 * 3600.0
"""Seconds without having been seen again: as long as a browser keeps a cookie."""
MOST_OF_A_BROWSER = 500
"""Questions of one browser; the ones not seen for longest go."""
MOST = 50_000
"""Rows of all browsers: some 10 MB."""


def browser_digest(browser: str) -> str:
    """What the table calls a browser."""
    return hashlib.sha256(f"browser\n{browser}".encode()).hexdigest()


def question_digest(browser: str, question: Sequence[str]) -> str:
    """What the table calls a question that this browser has seen."""
    text = json.dumps([browser, *question], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def seen_by(connection: sa.Connection, browser: str, now: float) -> dict[str, Looked]:
    """What a browser has seen of which questions, both by their digests."""
    since = now - EXPIRES_AFTER
    wanted = sa.select(SEEN.c.question, SEEN.c.looked).where(
        SEEN.c.browser == browser, SEEN.c.at >= since
    )
    levels = set(Looked)
    return {
        question: Looked(looked)
        for question, looked in connection.execute(wanted)
        if looked in levels  # another version's, or a damaged one
    }


def mark(
    connection: sa.Connection, browser: str, questions: Mapping[str, Looked], now: float
) -> None:
    """Note what a browser has seen, all by digests: never less than what was noted before."""
    is_sqlite = connection.dialect.name == "sqlite"
    for question, looked in sorted(questions.items()):  # in one order: two that write do not lock
        values = {"browser": browser, "question": question, "looked": looked.value, "at": now}
        insert = sqlite.insert(SEEN) if is_sqlite else postgresql.insert(SEEN)
        fully = sa.case((SEEN.c.looked == Looked.YES.value, SEEN.c.looked), else_=looked.value)
        connection.execute(
            insert.values(values).on_conflict_do_update(
                index_elements=[SEEN.c.browser, SEEN.c.question],
                set_={"looked": fully, "at": now},
            )
        )
    _make_room(connection, browser, now)


def _make_room(connection: sa.Connection, browser: str, now: float) -> None:
    connection.execute(sa.delete(SEEN).where(SEEN.c.at < now - EXPIRES_AFTER))
    own = sa.select(SEEN.c.question).where(SEEN.c.browser == browser)
    oldest = own.order_by(SEEN.c.at.desc(), SEEN.c.question).offset(MOST_OF_A_BROWSER)
    connection.execute(
        sa.delete(SEEN).where(SEEN.c.browser == browser, SEEN.c.question.in_(oldest))
    )
    total = connection.scalar(sa.select(sa.func.count()).select_from(SEEN)) or 0
    if total > MOST:
        latest = sa.select(SEEN.c.at).order_by(SEEN.c.at.desc()).offset(MOST * 9 // 10).limit(1)
        connection.execute(sa.delete(SEEN).where(SEEN.c.at <= latest.scalar_subquery()))
