"""Problems tried again: what is read, what it is called, and when a problem counts as mended."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from articles.models import Article, Capture, ImportProblem, ImportRun, Outlet
from tests.desk.test_importing import ADD, article, counts, upload, work, zipped

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = "<!--1600000000000-->\n[没有网址](nowhere)\n------\n\n<p>正文。</p>".encode()
UNDATED = article().partition(b"\n")[2]


@pytest.fixture
def crawled(settings: Settings, tmp_path: Path) -> Path:
    """A folder of the server that may be imported."""
    folder = tmp_path / "crawled"
    folder.mkdir()
    settings.NEWSARCHIVE_IMPORT_FOLDERS = [str(folder)]
    return folder


def imported(desk: Client, **fields: str) -> ImportRun:
    assert desk.post(ADD, {"folders": "0", "edits": "keep", **fields}).status_code == 302
    work()
    return ImportRun.objects.latest("pk")


def retry(desk: Client, *problems: ImportProblem) -> Any:
    chosen = {"action": "retry_these", "_selected_action": [problem.pk for problem in problems]}
    response = desk.post("/admin/articles/importproblem/", chosen)
    assert response.status_code == 302
    return response


def is_mended(problem: ImportProblem) -> bool:
    problem.refresh_from_db()
    return problem.resolved_at is not None


def test_what_another_import_took_meanwhile_is_mended(desk: Client, crawled: Path) -> None:
    (crawled / "1.md").write_bytes(b"")
    problem = imported(desk).problems.get()
    (crawled / "1.md").write_bytes(article())
    imported(desk)
    assert not is_mended(problem)
    retry(desk, problem)
    work()
    assert counts(ImportRun.objects.latest("pk")) == (0, 0, 1, 0, 0)
    assert is_mended(problem)
    for waits, shown in (("1", False), ("0", True), ("?", True)):
        query = {"resolved_at__isempty": waits, "run__id__exact": str(problem.run_id)}
        page = desk.get("/admin/articles/importproblem/", query)
        assert page.status_code == 200
        assert ("crawled/1.md" in page.content.decode()) is shown


def test_an_undated_article_stays_a_problem(desk: Client, crawled: Path) -> None:
    (crawled / "1.md").write_bytes(UNDATED)
    problem = imported(desk).problems.get()
    assert (problem.kind, Article.objects.count()) == ("no-date", 1)
    retry(desk, problem)
    work()
    assert not is_mended(problem)
    (crawled / "1.md").write_bytes(article())
    retry(desk, problem)
    work()
    assert counts(ImportRun.objects.latest("pk")) == (0, 1, 0, 0, 0)
    assert is_mended(problem)


def test_kept_bytes_keep_their_folder_and_are_told_apart(desk: Client) -> None:
    Outlet.objects.get_or_create(slug="rfi", defaults={"name": "法广"})
    run = upload(desk, ("a.zip", zipped({"rfi/1.md": NOWHERE, "dw/1.md": NOWHERE + b"\n"})))
    rfi, dw = (run.problems.get(path=f"a.zip!{name}/1.md") for name in ("rfi", "dw"))
    Path(run.sources[0]).unlink()
    # As if newsarchive had learned to read it.
    assert rfi.capture_id
    Capture.objects.filter(pk=rfi.capture_id).update(content=Capture.compress(article()))
    retry(desk, rfi, dw)
    work()
    assert counts(ImportRun.objects.latest("pk")) == (1, 0, 0, 0, 1)
    assert Article.objects.get().outlet.slug == "rfi"
    assert (is_mended(rfi), is_mended(dw)) == (True, False)


def test_the_problems_of_a_dry_run_are_tried_dry(desk: Client, crawled: Path) -> None:
    (crawled / "1.md").write_bytes(b"")
    problem = imported(desk, dry_run="on").problems.get()
    (crawled / "1.md").write_bytes(article())
    retry(desk, problem)
    work()
    again = ImportRun.objects.latest("pk")
    assert (again.dry_run, counts(again), Article.objects.count()) == (True, (1, 0, 0, 0, 0), 0)
    assert not is_mended(problem)


def test_several_runs_in_one_selection(desk: Client, crawled: Path) -> None:
    (crawled / "1.md").write_bytes(b"")
    first = imported(desk).problems.get()
    second = upload(desk, ("2.md", NOWHERE)).problems.get()
    (crawled / "1.md").write_bytes(article(1))
    retry(desk, first, second)
    work()
    again = ImportRun.objects.latest("pk")
    assert (counts(again), again.total, again.done) == ((1, 0, 0, 0, 1), 2, 2)
    assert (is_mended(first), is_mended(second)) == (True, False)


def test_a_disk_without_room_is_told(desk: Client, settings: Settings) -> None:
    run = upload(desk, ("1.md", NOWHERE))
    Path(run.sources[0]).unlink()
    uploads = settings.DATA_DIR / "uploads"
    uploads.rename(settings.DATA_DIR / "away")
    uploads.write_bytes(b"")  # nothing can be written under it
    response = retry(desk, run.problems.get())
    assert ImportRun.objects.count() == 1
    assert "无法存到服务器上" in desk.get(response["Location"]).content.decode()


def test_an_archive_that_is_whole_now(desk: Client, crawled: Path) -> None:
    whole = zipped({"rfi/1.md": article(1), "rfi/2.md": article(2), "rfi/3.md": b""})
    (crawled / "a.zip").write_bytes(whole[:-30])
    problem = imported(desk).problems.get()
    assert problem.kind == "bad-archive"
    (crawled / "a.zip").write_bytes(whole)
    retry(desk, problem)
    work()
    again = ImportRun.objects.latest("pk")
    assert (counts(again), again.done, again.total) == ((2, 0, 0, 0, 1), 3, 3)
    assert is_mended(problem)


def test_only_what_was_selected_is_tried_again(desk: Client, crawled: Path) -> None:
    files = {"rfi/1.md": b"", "rfi/2.md": b""}
    (crawled / "a.zip").write_bytes(zipped(files))
    problem = imported(desk).problems.get(path="crawled/a.zip!rfi/1.md")
    (crawled / "a.zip").write_bytes(zipped({name: article() for name in files}))
    (crawled / "3.md").write_bytes(article(3))
    retry(desk, problem)
    work()
    assert counts(ImportRun.objects.latest("pk")) == (1, 0, 0, 0, 0)
    assert is_mended(problem)
