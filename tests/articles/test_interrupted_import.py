"""P4: whatever stops an import, the archive opens, agrees with its index, and continues."""

import fcntl
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from haystack import connections

from search.engines.base import engine

ROOT = Path(__file__).parents[2]
FILES = 2_000
FEW_FILES = 450
WAITING_SECONDS = 60

WriteArticle = Callable[..., Path]
Row = tuple[object, ...]

# Starts manage.py so that it kills its whole process group at a named moment: at the nth time that
# the database is told to commit, or that a file of the index is opened to be written, renamed or
# removed. What these moments are called is Python's and SQLite's affair, not the project's.
KILLED_AT = """
import os, signal, sys
moment, left = sys.argv[1], int(sys.argv[2])
data = os.environ["NEWSARCHIVE_DATA"]
def happens(name):
    global left
    if name == moment:
        left -= 1
        if left == 0:
            os.killpg(0, signal.SIGKILL)
committed = False
def statement(sql):
    global committed
    if committed:
        committed = False
        happens("after commit")
    if sql.upper().startswith("COMMIT"):
        happens("before commit")
        committed = True
def audit(event, arguments):
    path = str(arguments[0]) if arguments else ""
    if "/index" not in path or not path.startswith(data):
        return
    writes = event == "open" and (arguments[1] or "r")[0] in "wxa"
    if writes and not path.endswith("/lock"):
        happens("write")
    if event in ("os.rename", "os.remove", "os.mkdir", "shutil.rmtree"):
        happens(event.rpartition(".")[2])
sys.addaudithook(audit)
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsarchive.settings")
from django.db.backends.signals import connection_created
def connected(connection, **_):
    connection.connection.set_trace_callback(statement)
connection_created.connect(connected)
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[3:]])
"""


@dataclass(frozen=True)
class Contents:
    """What an archive holds, without the ids that depend on the order of imports."""

    articles: list[Row]
    captures: list[Row]
    unindexed: set[str]
    indexed_too_much: set[int]


class Archive:
    """A data folder, the processes that import into it, and what is in it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def start(self, *arguments: str | Path, killed_at: tuple[str, int] | None = None) -> "Process":
        """Start ``manage.py``, as the leader of a process group of its own."""
        begin = ["manage.py"]
        if killed_at:
            begin = ["-c", KILLED_AT, killed_at[0], str(killed_at[1])]
        return subprocess.Popen(
            [sys.executable, *begin, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "NEWSARCHIVE_DATA": str(self.data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run_import(self, tree: Path, *, jobs: int = 2) -> dict[str, int]:
        """Import to the end and return the report."""
        process = self.start("import_articles", tree, "--json", f"--jobs={jobs}")
        out, err = process.communicate(timeout=WAITING_SECONDS)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        report: dict[str, int] = json.loads(out)
        return report

    def rows(self, query: str) -> list[Row]:
        """Ask the database directly."""
        connection = sqlite3.connect(self.data / "archive.sqlite3", timeout=20)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def count(self, table: str) -> int:
        [(number,)] = self.rows(f"SELECT count(*) FROM articles_{table}")
        assert isinstance(number, int)
        return number

    def has_more_captures_than(self, number: int) -> bool:
        return self.count("capture") > number

    def statuses(self) -> list[str]:
        query = "SELECT status FROM articles_importrun ORDER BY id"
        return [str(status) for (status,) in self.rows(query)]

    def check(self) -> None:
        """The database is whole, and everything in it belongs together."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []
        alone = "SELECT url FROM articles_article WHERE current_capture_id IS NULL"
        assert self.rows(alone) == []

    def contents(self) -> Contents:
        articles = self.rows(
            "SELECT a.url, a.original_url, a.title, a.body, a.text, a.lead, a.published_at,"
            " a.has_newer_capture, o.slug, c.sha256 FROM articles_article a"
            " JOIN articles_outlet o ON o.id = a.outlet_id"
            " JOIN articles_capture c ON c.id = a.current_capture_id ORDER BY a.url"
        )
        captures = self.rows(
            "SELECT a.url, c.sha256, c.source_path, c.content FROM articles_capture c"
            " JOIN articles_article a ON a.id = c.article_id ORDER BY a.url, c.sha256"
        )
        stored = {pk: str(url) for pk, url in self.rows("SELECT id, url FROM articles_article")}
        settings.HAYSTACK_CONNECTIONS["default"]["PATH"] = self.data / "index"
        connections.reload("default")
        indexed = engine().ids()
        return Contents(
            articles=articles,
            captures=captures,
            unindexed={url for pk, url in stored.items() if pk not in indexed},
            indexed_too_much={pk for pk in indexed if pk not in stored},
        )


Process = subprocess.Popen[str]


def kill(process: Process) -> None:
    """kill -9 for the process and all of its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=WAITING_SECONDS)


def wait_until(happened: Callable[[], bool], process: Process) -> None:
    """Wait while ``process`` works; fail where it ends before."""
    deadline = time.monotonic() + WAITING_SECONDS
    while not happened():
        assert process.poll() is None, f"it ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_new_files(index: Path, known: set[Path]) -> bool:
    return bool(set(index.rglob("*.*")) - known)


def wait_until_nobody_is_left(group: int) -> None:
    """Wait until the process group is empty; fail where a worker lives on."""
    deadline = time.monotonic() + WAITING_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a worker outlived the import")


def write_tree(root: Path, files: int, write_article: WriteArticle) -> Path:
    """Articles of five outlets; of the second half, every tenth has an address of the first."""
    half = files // 2 // 10 * 10
    for number in range(files):
        identity = number - half if number >= half and number % 10 == 0 else number
        write_article(
            root / f"paper{number % 7 % 5}" / f"{2_000_000 - number}.md",
            title=f"第{number}条新闻",
            url=f"https://www.paper{identity % 5}.example/{identity}",
            body=f"<p>这是第{number}条，讲国家安全与天气。</p><p>词{number}尾。</p>",
            epoch=1_600_000_000_000 + number * 60_000,
        )
    return root


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tree")


@pytest.fixture(scope="module")
def expected() -> dict[Path, Contents]:
    """What uninterrupted imports of the trees led to."""
    return {}


@pytest.fixture
def big_tree(tree: Path, write_article: WriteArticle) -> Path:
    root = tree / "big"
    return root if root.exists() else write_tree(root, FILES, write_article)


@pytest.fixture
def small_tree(tree: Path, write_article: WriteArticle) -> Path:
    root = tree / "small"
    return root if root.exists() else write_tree(root, FEW_FILES, write_article)


@pytest.fixture
def half_imported(tree: Path, small_tree: Path, migrated_data: Path) -> Path:
    """The data folder of an archive that has two of the five outlets of the small tree."""
    data = tree / "half imported"
    if not data.exists():
        half = tree / "half" / "small"
        for name in ("paper0", "paper1"):
            shutil.copytree(small_tree / name, half / name)
        shutil.copytree(migrated_data, data)
        Archive(data).run_import(half)
    return data


@pytest.fixture
def archive(data_folder: Path) -> Iterator[Archive]:
    folder = settings.HAYSTACK_CONNECTIONS["default"]["PATH"]
    yield Archive(data_folder)
    settings.HAYSTACK_CONNECTIONS["default"]["PATH"] = folder


@pytest.fixture
def assert_complete(
    expected: dict[Path, Contents],
    archive: Archive,
    migrated_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], None]:
    """Asserts that ``archive`` holds what an uninterrupted import of the given tree leads to."""

    def check(tree: Path) -> None:
        if tree not in expected:
            data = tmp_path_factory.mktemp("uninterrupted") / "data"
            uninterrupted = Archive(Path(shutil.copytree(migrated_data, data)))
            report = uninterrupted.run_import(tree)
            expected[tree] = uninterrupted.contents()
            assert report["created"] == len(expected[tree].articles)
            assert report["updated"] == len(expected[tree].captures) - report["created"]
            assert not expected[tree].unindexed
        archive.check()
        contents = archive.contents()
        assert contents.articles == expected[tree].articles
        assert contents.captures == expected[tree].captures
        assert contents.unindexed == set()
        assert contents.indexed_too_much == set()
        assert archive.count("pendingchange") == 0

    return check


AssertComplete = Callable[[Path], None]


def test_killed_again_and_again(
    archive: Archive, big_tree: Path, assert_complete: AssertComplete
) -> None:
    """One archive, many kills: with the first rows, at random, while indexing."""
    chance = random.Random(20_231_214)
    command = ("import_articles", big_tree, "--jobs=2")
    stored = 0
    for kills in range(6):
        process = archive.start(*command)
        if kills % 2:
            time.sleep(chance.uniform(0.1, 1))  # mostly before the first row
        else:
            wait_until(partial(archive.has_more_captures_than, stored), process)
            time.sleep(chance.uniform(0, 0.15) if kills else 0)
        kill(process)
        archive.check()
        # Whole batches, and none of them lost by a later kill.
        assert archive.count("capture") >= stored
        stored = archive.count("capture")
    assert 3 * 200 <= stored < FILES
    assert not (archive.data / "index" / "current").exists()

    index = archive.data / "index"
    for _kill in range(2):
        process = archive.start(*command)
        wait_until(partial(has_new_files, index, set(index.rglob("*"))), process)
        kill(process)
        archive.check()
        assert archive.count("capture") == FILES
        assert archive.count("pendingchange") > 0

    report = archive.run_import(big_tree)
    assert (report["unchanged"], report["failed"]) == (FILES, 0)
    *killed, last = archive.statuses()
    # The two that were killed while indexing had finished importing.
    assert set(killed) <= {"interrupted", "finished"}
    assert killed.count("interrupted") >= 3
    assert last == "finished"
    assert_complete(big_tree)


@pytest.mark.parametrize(
    ("moment", "times"),
    [
        ("before commit", 1),
        ("after commit", 2),
        ("write", 4),
        ("rename", 1),  # the table of contents of a new index
        ("rename", 2),  # the switch to it
        ("before commit", 4),  # the index has it all, the notes are still there
    ],
)
def test_killed_at_a_named_moment_of_the_first_import(
    moment: str,
    times: int,
    archive: Archive,
    small_tree: Path,
    assert_complete: AssertComplete,
) -> None:
    process = archive.start("import_articles", small_tree, "--jobs=1", killed_at=(moment, times))
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == -signal.SIGKILL, f"this moment never came: {err}"
    archive.check()
    archive.run_import(small_tree)
    assert "running" not in archive.statuses()
    assert_complete(small_tree)


@pytest.mark.parametrize(
    ("moment", "times"),
    [("write", 3), ("rename", 1), ("remove", 1), ("before commit", 4)],
)
def test_killed_while_the_index_follows_a_later_import(
    moment: str,
    times: int,
    archive: Archive,
    half_imported: Path,
    small_tree: Path,
    assert_complete: AssertComplete,
) -> None:
    """A part of the tree is there and indexed, and some of its articles change with the rest."""
    shutil.rmtree(archive.data)
    shutil.copytree(half_imported, archive.data)
    found = archive.contents()
    assert found.articles
    assert not found.unindexed
    process = archive.start("import_articles", small_tree, "--jobs=1", killed_at=(moment, times))
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == -signal.SIGKILL, f"this moment never came: {err}"
    archive.check()
    # Readers still have an index, and what they found before they find now.
    between = archive.contents()
    assert not between.unindexed & {str(row[0]) for row in found.articles}
    assert not between.indexed_too_much
    archive.run_import(small_tree)
    assert_complete(small_tree)


@pytest.mark.parametrize(
    ("number", "while_indexing"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True)],
)
def test_a_signal_ends_it_with_a_message(
    number: signal.Signals,
    while_indexing: bool,
    archive: Archive,
    big_tree: Path,
    small_tree: Path,
    assert_complete: AssertComplete,
) -> None:
    tree = small_tree if while_indexing else big_tree
    process = archive.start("import_articles", tree, "--jobs=2")
    if while_indexing:
        index = archive.data / "index"
        wait_until(lambda: any(index.glob("format*")), process)
    else:
        wait_until(lambda: archive.count("capture") > 0, process)
    if number is signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 130, err
    assert "Interrupted. What was imported is kept" in err
    assert "Traceback" not in err
    assert "created" not in out
    wait_until_nobody_is_left(process.pid)
    archive.check()
    assert archive.statuses() == ["finished" if while_indexing else "interrupted"]
    [(created,)] = archive.rows("SELECT created FROM articles_importrun")
    assert created == archive.count("article") > 0
    if while_indexing:
        archive.run_import(tree)
        assert_complete(tree)


def test_ctrl_c_while_workers_start(archive: Archive, small_tree: Path) -> None:
    process = archive.start("import_articles", small_tree, "--jobs=2")
    server = ["pgrep", "--pgroup", str(process.pid), "--full", "forkserver"]
    wait_until(lambda: subprocess.run(server, capture_output=True).returncode == 0, process)
    os.killpg(process.pid, signal.SIGINT)
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 130, err
    assert "Interrupted. What was imported is kept" in err
    assert "Traceback" not in err
    wait_until_nobody_is_left(process.pid)


def test_two_imports_at_once_converge(
    archive: Archive, big_tree: Path, assert_complete: AssertComplete
) -> None:
    command = ("import_articles", big_tree, "--json", "--jobs=1")
    processes = [archive.start(*command) for _ in range(2)]
    reports = []
    for process in processes:
        out, err = process.communicate(timeout=WAITING_SECONDS)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        reports.append(json.loads(out))
    for report in reports:
        assert sum(report[name] for name in ("created", "updated", "unchanged")) == FILES
    assert sum(report["created"] for report in reports) == archive.count("article")
    assert archive.statuses() == ["finished", "finished"]
    assert_complete(big_tree)


def test_while_another_process_indexes_an_import_leaves_a_note(
    archive: Archive, small_tree: Path, assert_complete: AssertComplete
) -> None:
    index = archive.data / "index"
    index.mkdir()
    with (index / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = archive.start("import_articles", small_tree, "--jobs=2")
        out, err = process.communicate(timeout=WAITING_SECONDS)
        assert process.returncode == 0, err
        assert "Another process is indexing" in err
        assert out.startswith("created ")
        assert archive.count("pendingchange") >= archive.count("article") > 0
    process = archive.start("update_index")
    out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 0, err
    assert_complete(small_tree)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)


def test_a_full_disk_is_said_and_outlived(
    small_disk: Path,
    migrated_data: Path,
    archive: Archive,
    big_tree: Path,
    assert_complete: AssertComplete,
) -> None:
    archive.data = Path(shutil.copytree(migrated_data, small_disk / "data"))
    process = archive.start("import_articles", big_tree, "--jobs=2")
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert "make room" in err
    grow(small_disk)
    archive.check()
    assert archive.count("article") < FILES
    archive.run_import(big_tree)
    assert "running" not in archive.statuses()
    assert_complete(big_tree)


def test_a_disk_that_is_full_when_indexing_begins(
    small_disk: Path,
    archive: Archive,
    small_tree: Path,
    assert_complete: AssertComplete,
) -> None:
    """The database is elsewhere and has room; the index has none."""
    subprocess.run(["mount", "-o", "remount,size=64k", str(small_disk)], check=True)
    (archive.data / "index").symlink_to(small_disk)
    process = archive.start("import_articles", small_tree, "--jobs=2")
    out, err = process.communicate(timeout=WAITING_SECONDS)
    # The import itself is complete.
    assert process.returncode == 0, err
    assert out.startswith("created ")
    assert "Traceback" not in err
    assert "No space left on device" in err
    assert "update_index" in err
    archive.check()
    assert archive.count("capture") == FEW_FILES
    assert archive.count("pendingchange") >= archive.count("article")
    process = archive.start("update_index")
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    grow(small_disk)
    process = archive.start("update_index")
    _out, err = process.communicate(timeout=WAITING_SECONDS)
    assert process.returncode == 0, err
    assert_complete(small_tree)
