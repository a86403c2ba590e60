"""Task workers that are killed, stopped, started again: a run goes on and nothing is doubled."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = 900
SECONDS = 60


@pytest.fixture
def crawled(tmp_path: Path, write_article: Callable[..., Path]) -> Path:
    """A folder of many articles, and three files that are none."""
    for number in range(FILES):
        url = f"https://www.paper.example/{number}"
        write_article(tmp_path / "crawled" / f"{number}.md", title=f"第{number}则", url=url)
    for number in range(3):
        (tmp_path / "crawled" / f"bad{number}.md").write_bytes(b"")
    return tmp_path / "crawled"


@pytest.fixture
def run(data_folder: Path, crawled: Path, manage: Callable[..., Any]) -> int:
    """A run that waits for a worker."""
    made = manage(
        "shell",
        "-c",
        "from articles.models import ImportRun; from articles.tasks import start; "
        f"run = ImportRun.objects.create(sources=['{crawled}']); start(run); print(run.pk)",
    )
    return int(made.stdout.split()[-1])


@contextmanager
def worker(data_folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "task_worker"],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(data_folder: Path, question: str) -> Any:
    with closing(sqlite3.connect(data_folder / "archive.sqlite3")) as database:
        return database.execute(question).fetchone()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def row(data_folder: Path, run: int) -> Any:
    fields = "status, created, updated, unchanged, skipped, failed, done, total"
    return ask(data_folder, f"SELECT {fields} FROM articles_importrun WHERE id = {run}")


def assert_all_is_there_once(data_folder: Path, run: int) -> None:
    wait_until(lambda: row(data_folder, run)[0] == "finished")
    assert row(data_folder, run)[1:] == (FILES, 0, 0, 0, 3, FILES + 3, FILES + 3)
    for table, number in (("article", FILES), ("capture", FILES), ("importproblem", 3)):
        assert ask(data_folder, f"SELECT COUNT(*) FROM articles_{table}") == (number,)
    assert ask(data_folder, "PRAGMA integrity_check") == ("ok",)


def test_a_killed_worker_leaves_a_run_that_goes_on(data_folder: Path, run: int) -> None:
    for least in (1, 400):
        with worker(data_folder) as process:
            wait_until(lambda least=least: row(data_folder, run)[6] >= least)  # type: ignore[misc]
            os.killpg(process.pid, signal.SIGKILL)
        assert row(data_folder, run)[0] == "running"
    with worker(data_folder):
        assert_all_is_there_once(data_folder, run)


def test_a_stopped_worker_ends_soon_and_its_run_goes_on(data_folder: Path, run: int) -> None:
    with worker(data_folder) as process:
        wait_until(lambda: row(data_folder, run)[6] > 0)
        process.terminate()
        process.wait(timeout=10)
    assert row(data_folder, run)[0] == "running"
    with worker(data_folder):
        assert_all_is_there_once(data_folder, run)


def test_two_workers_do_two_runs_of_the_same_files_at_once(
    data_folder: Path, run: int, crawled: Path, manage: Callable[..., Any]
) -> None:
    manage(
        "shell",
        "-c",
        "from articles.models import ImportRun; from articles.tasks import start; "
        f"start(ImportRun.objects.create(sources=['{crawled}']))",
    )
    with worker(data_folder), worker(data_folder):
        wait_until(
            lambda: (
                ask(
                    data_folder, "SELECT COUNT(*) FROM articles_importrun WHERE status = 'finished'"
                )
                == (2,)
            )
        )
    counted = "SELECT SUM(created), SUM(unchanged), SUM(updated), SUM(failed)"
    assert ask(data_folder, f"{counted} FROM articles_importrun") == (FILES, FILES, 0, 6)
    assert ask(data_folder, "SELECT COUNT(*) FROM articles_article") == (FILES,)
