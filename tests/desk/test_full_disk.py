"""The disk is full in the middle of an import of the desk: its page says so, and it goes on."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.desk.test_task_worker import ask, wait_until, worker

FILES = 900
ASK = """
from articles.models import ImportRun; from articles.tasks import start
start(ImportRun.objects.create(sources=[{source!r}]))
"""
CONTINUE = """
from articles.models import ImportRun; from articles.tasks import start
start(ImportRun.objects.get())
"""


def test_a_full_disk_is_told_and_the_run_goes_on(
    small_disk: Path,
    data_folder: Path,
    write_article: Callable[..., Path],
    manage: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    crawled = small_disk.parent / "crawled"
    for number in range(FILES):
        url = f"https://www.paper.example/{number}"
        body = f"<p>{number}</p>" * 60
        write_article(crawled / f"{number}.md", title=f"第{number}则", url=url, body=body)
    manage("shell", "--command", ASK.format(source=str(crawled)))
    data = Path(shutil.copytree(data_folder, small_disk / "data"))
    # From now on both names are of the same folder.
    shutil.rmtree(data_folder)
    data_folder.symlink_to(data)

    def status() -> str:
        return str(ask(data, "SELECT status FROM articles_importrun")[0])

    with worker(data):
        wait_until(lambda: status() == "failed")
        (message,) = ask(data, "SELECT message FROM articles_importrun")
        assert "full" in message
        assert ask(data, "SELECT COUNT(*) FROM articles_article")[0] < FILES
        subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    manage("shell", "--command", CONTINUE)
    with worker(data):
        wait_until(lambda: status() == "finished")
    assert ask(data, "PRAGMA integrity_check") == ("ok",)
    counts = "SELECT created, updated, unchanged, failed, done FROM articles_importrun"
    assert ask(data, counts) == (FILES, 0, 0, 0, FILES)
    assert ask(data, "SELECT COUNT(*) FROM articles_capture") == (FILES,)
