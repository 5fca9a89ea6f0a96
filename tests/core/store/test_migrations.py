"""A database of an older version: brought up to date whole, or left exactly as it was."""

import os
import shutil
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from support import processes
from support.disks import small_disk

from core.errors import StoreError
from core.store import backup, migrations, versions
from core.store.connect import open_engine
from core.store.store import Store
from core.store.tables import METADATA, RUNS, VERSION

ROOT = Path(__file__).parents[3]
V1 = ROOT / "tests" / "data" / "v1" / "database"
N_LISTED = 14
"""Runs in the old database that are not deleted."""


def fill(url: str) -> str:
    """Put the database of version 1 in a fresh one's place; its URL."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(V1 / "runs.sqlite3", path)
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute((V1 / "postgresql.sql").read_bytes())
    return url


@pytest.fixture
def old(url) -> str:
    return fill(url)


@pytest.fixture
def old_file(sqlite_path) -> Path:
    fill(f"sqlite:///{sqlite_path}")
    return sqlite_path


def plain(url: str):
    """An engine that does nothing of ours."""
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def contents(url: str) -> dict[str, list[tuple]]:
    """Every table with its columns and rows."""
    engine = plain(url)
    with engine.connect() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        found = {}
        for name in tables:
            got = connection.execute(sa.text(f'SELECT * FROM "{name}" ORDER BY 1'))
            found[name] = [tuple(got.keys()), *map(tuple, got)]
    engine.dispose()
    return found


def failing(monkeypatch, tmp_path, how: str) -> None:
    """Migrations that change the tables and then fail in the middle."""
    folder = tmp_path / "100% broken"
    shutil.copytree(migrations.FOLDER, folder)
    script = folder / "versions" / f"to_{VERSION}.py"
    script.write_text(f"{script.read_text()}\n    op.execute('DELETE FROM runs')\n    {how}\n")
    monkeypatch.setattr(migrations, "FOLDER", folder)


def test_every_version_has_its_migration():
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    steps = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [step.revision for step in steps] == [str(n) for n in range(VERSION, 1, -1)]


def test_an_old_database_becomes_the_same_as_a_new_one(old, opened):
    opened()
    engine = plain(old)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_: name != migrations.NOTES}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        defaults = {
            column["name"]: str(column["default"]).strip("'").partition("'")[0]
            for column in sa.inspect(connection).get_columns("runs")
            if column["default"] is not None
        }
    engine.dispose()
    assert defaults == {"family": "headsweep.sweep", "schema_version": "1"}


def test_a_column_that_somebody_has_added_by_hand_is_not_added_again(old, opened):
    engine = plain(old)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "ALTER TABLE runs ADD COLUMN family VARCHAR(64) NOT NULL DEFAULT 'headsweep.sweep'"
            )
        )
    engine.dispose()
    assert opened().count() > 0


def test_every_run_is_there_afterwards_with_what_was_said_about_it(old, opened):
    before = contents(old)["runs"]
    store = opened()
    names, *rows = contents(old)["runs"]
    assert [row[: len(before[0])] for row in rows] == before[1:]
    assert names[len(before[0]) :] == ("family", "schema_version")
    assert {row[len(before[0]) :] for row in rows} == {("headsweep.sweep", 1)}
    assert store.count() == len(store.listed()) == N_LISTED
    assert store.n_unknown() == 0
    assert contents(old)["headsweep"][1:] == [("schema", str(VERSION))]


def test_a_server_of_version_1_that_still_runs_goes_on_keeping_sweeps(old, opened):
    store = opened()
    columns = [c for c in RUNS.c if c.info.get("since", 1) == 1]
    with store._writing() as connection:
        row = dict(connection.execute(sa.select(*columns).limit(1)).one()._mapping)
        values = {**row, "id": "abcdefabcdef", "identity": "another", "deleted": None}
        names = ", ".join(values)
        given = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO runs ({names}) VALUES ({given})"), values)
    assert store.count() == N_LISTED + 1
    assert store.get("abcdefabcdef") is not None


@pytest.mark.parametrize("name", ["runs.sqlite3", "with-log/runs.sqlite3"])
def test_the_file_is_copied_first_with_what_its_log_holds(sqlite_path, name):
    sqlite_path.parent.mkdir()
    for file in (V1 / name).parent.glob("runs.sqlite3*"):
        shutil.copy(file, sqlite_path.with_name(file.name))
    reference = sqlite_path.with_name("reference.sqlite3")
    for file in (V1 / name).parent.glob("runs.sqlite3*"):
        shutil.copy(file, reference.with_name(file.name.replace("runs", "reference")))
    Store(f"sqlite:///{sqlite_path}").close()
    copy = sqlite_path.with_name(f"runs.sqlite3.before-{VERSION}")
    assert contents(f"sqlite:///{copy}") == contents(f"sqlite:///{reference}")
    assert contents(f"sqlite:///{copy}")["headsweep"][1:] == [("schema", "1")]
    assert not list(sqlite_path.parent.glob("*.part"))


def test_the_copy_has_the_file_s_own_permissions(old_file):
    old_file.chmod(0o640)
    Store(f"sqlite:///{old_file}").close()
    assert old_file.with_name(f"runs.sqlite3.before-{VERSION}").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root gives files away")
def test_the_copy_has_the_file_s_own_owner(old_file):
    os.chown(old_file, 1234, 2345)
    old_file.chmod(0o640)
    Store(f"sqlite:///{old_file}").close()
    found = old_file.with_name(f"runs.sqlite3.before-{VERSION}").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1234, 2345, 0o640)


@pytest.mark.parametrize("linked", ["file", "folder", "link to a link"])
def test_the_copy_lies_beside_the_file_that_a_link_leads_to(old_file, tmp_path, linked):
    links = tmp_path / "links"
    links.mkdir()
    link = links / "mine.db"
    if linked == "folder":
        (links / "data").symlink_to(old_file.parent)
        link = links / "data" / old_file.name
    elif linked == "file":
        link.symlink_to(old_file)
    else:
        (links / "between").symlink_to(old_file)
        link.symlink_to("between")
    before = contents(f"sqlite:///{old_file}")
    there = {path.name for path in links.iterdir()}
    Store(f"sqlite:///{link}").close()
    copy = old_file.with_name(f"runs.sqlite3.before-{VERSION}")
    assert contents(f"sqlite:///{copy}") == before
    assert not copy.is_symlink()
    assert {path.name for path in links.iterdir()} == there
    assert Store(f"sqlite:///{link}").count() == N_LISTED


@pytest.mark.slow
def test_an_earlier_copy_is_never_overwritten(old_file):
    first = old_file.with_name(f"runs.sqlite3.before-{VERSION}")
    first.write_text("mine")
    first.with_name(f"{first.name}-2").symlink_to("nowhere")
    Store(f"sqlite:///{old_file}").close()
    assert first.read_text() == "mine"
    third = first.with_name(f"{first.name}-3")
    assert contents(f"sqlite:///{third}")["headsweep"][1:] == [("schema", "1")]


def test_a_copy_that_cannot_be_written_leaves_all_as_it_is(old_file, monkeypatch):
    old_file.with_name(f"runs.sqlite3.before-{VERSION}.part").mkdir()  # in its place
    before = contents(f"sqlite:///{old_file}")
    with pytest.raises(StoreError, match=r"no copy of it can be put beside it.*left as it is"):
        Store(f"sqlite:///{old_file}")
    assert contents(f"sqlite:///{old_file}") == before
    assert Store(f"sqlite:///{old_file}", read_only=True).count() == N_LISTED


def test_a_disk_that_fills_up_while_it_is_copied(old_file, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.shutil, "copymode", full)
    before = contents(f"sqlite:///{old_file}")
    with pytest.raises(StoreError, match=r"No space left on device.*Free some space"):
        Store(f"sqlite:///{old_file}")
    assert contents(f"sqlite:///{old_file}") == before
    assert not list(old_file.parent.glob("*before*"))


def refusal(url: str) -> str:
    """Why a database cannot be opened; nothing where it can."""
    try:
        Store(url).close()
    except StoreError as error:
        return str(error)
    return ""


@pytest.mark.slow
def test_a_disk_that_fills_up_at_the_commit_keeps_no_copy(tmp_path, sqlite_path):
    """Of disks of every size around that of the file and its copy, some are full just there."""
    fill(f"sqlite:///{sqlite_path}")
    whole, file = sqlite_path.read_bytes(), "runs.sqlite3"
    full = 0
    for pages in range(1, 16):
        disk = tmp_path / f"disk {pages}"
        with small_disk(disk, size=f"{2 * len(whole) // 1024 + 4 * pages}k"):
            shutil.copy(sqlite_path, disk / file)
            stale = disk / f"{file}.before-{VERSION}.part-journal"
            stale.write_bytes(b"of a process that was killed")
            said = refusal(f"sqlite:///{disk / file}")
            assert not stale.exists()
            if said:
                full += "is on a disk that is full" in said
                assert "permissions" not in said
                assert {each.name for each in disk.iterdir()} == {file}
                assert (disk / file).read_bytes() == whole
    assert full, "one was full at the commit"


@pytest.mark.parametrize("how", ["raise RuntimeError('no')", "op.execute('nonsense')"])
def test_a_migration_that_fails_leaves_the_database_as_it_was(old, monkeypatch, tmp_path, how):
    before = contents(old)
    with monkeypatch.context() as patched:
        failing(patched, tmp_path, how)
        for _ in range(2):
            with pytest.raises((StoreError, RuntimeError)):
                Store(old)
            assert contents(old) == before
    assert not list(tmp_path.glob("data/*before*")), "a try that failed leaves no copy"
    store = Store(old)
    assert store.count() == N_LISTED
    store.close()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="kills as Linux does")
def test_a_process_killed_in_the_middle_leaves_the_database_as_it_was(old, monkeypatch, tmp_path):
    before = contents(old)
    failing(monkeypatch, tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    program = (
        "import sys; from pathlib import Path; from core.store import migrations\n"
        "from core.store.store import Store\n"
        "migrations.FOLDER = Path(sys.argv[1]); Store(sys.argv[2])"
    )
    killed = processes.run(("-c", program, str(migrations.FOLDER), old), timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert contents(old) == before
    monkeypatch.undo()
    store = Store(old)
    assert store.count() == N_LISTED
    store.close()


@pytest.mark.slow
def test_of_two_that_open_it_at_once_one_migrates_and_the_other_waits(old, tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from core.store import versions\n"
        "from core.store.store import Store\n"
        "upgrade = versions.upgrade\n"
        "def slowly(*given):\n"
        "    Path(sys.argv[2]).open('a').write('x'); time.sleep(1.0); upgrade(*given)\n"
        "versions.upgrade = slowly\n"
        "print(Store(sys.argv[1]).count())"
    )
    said = tmp_path / "migrated"
    with ThreadPoolExecutor(2) as pool:
        two = [*pool.map(processes.run, [("-c", program, old, str(said))] * 2)]
    assert [each.stdout for each in two] == [f"{N_LISTED}\n"] * 2
    assert said.read_text() == "x"
    copies = list(tmp_path.glob("data/*before*"))
    assert len(copies) == old.startswith("sqlite")


def test_the_wait_for_another_s_migration_has_an_end(old_file, monkeypatch):
    monkeypatch.setattr(versions, "MIGRATING_SECONDS", 0.3)
    with closing(sqlite3.connect(old_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreError, match="locked by another program"):
            Store(f"sqlite:///{old_file}")
        assert 0.3 <= time.monotonic() - began < 3
    assert not list(old_file.parent.glob("*before*"))


def test_reading_only_changes_nothing_of_an_old_database(old, opened):
    before = contents(old)
    store = opened(read_only=True)
    assert store.count() == len(store.listed()) == N_LISTED
    (run,) = (each for each in store.listed() if each.label.title == "The notebook's pangram")
    kept = store.get(run.id)
    assert store.find(kept.spec, kept.result.provenance.model_fingerprint).id == run.id
    assert store.summary(run.id) == run
    assert store.filter_choices()[0] == sorted({each.model for each in store.listed()})
    assert store.n_unknown() == 0
    with pytest.raises(StoreError, match="read-only"):
        store.delete([run.id])
    assert contents(old) == before


def test_a_file_in_a_folder_that_takes_no_writing_is_read_as_it_is(old_file):
    raw = old_file.read_bytes()
    old_file.chmod(0o444)
    old_file.parent.chmod(0o555)
    try:
        store = Store(f"sqlite:///{old_file}", read_only=True)
        assert store.count() == N_LISTED
        store.close()
    finally:
        old_file.parent.chmod(0o755)
    assert old_file.read_bytes() == raw


def test_an_old_table_that_lost_a_column_says_so_and_is_not_touched(old_file):
    with closing(sqlite3.connect(old_file)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("ALTER TABLE runs DROP COLUMN notes")
        other.commit()
    before = old_file.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError, match="lacks tables or columns"):
            Store(f"sqlite:///{old_file}", read_only=read_only)
    assert old_file.read_bytes() == before
    assert list(old_file.parent.iterdir()) == [old_file]


def test_another_program_s_migrations_may_lie_in_the_same_server(postgresql_url):
    fill(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("SET search_path = public")
        server.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        server.execute("INSERT INTO alembic_version VALUES ('theirs')")
    Store(postgresql_url).close()
    assert contents(postgresql_url)["alembic_version"][1:] == [("theirs",)]


def test_opening_without_migrating_leaves_it_old(old):
    before = contents(old)
    engine = open_engine(old, migrating=False)
    assert versions.version_in(engine) == 1
    engine.dispose()
    assert contents(old) == before
