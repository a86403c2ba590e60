"""Importing at the desk: uploaded, watched, stopped, tried again."""

import csv
import io
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from articles.exchange import as_line
from articles.models import Article, AuditEntry, Capture, ImportProblem, ImportRun, Outlet
from articles.tasks import continue_abandoned

ADD = "/admin/articles/importrun/add/"


def article(number: int = 1, title: str = "一则新闻", body: str = "<p>正文。</p>") -> bytes:
    return (
        f"<!--1600000000000-->\n[{title}](https://www.paper.example/{number})\n------\n\n{body}"
    ).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def upload(client: Client, *files: tuple[str, bytes], **fields: Any) -> ImportRun:
    """Upload and let the task worker do its work; return the run."""
    asked = {
        "uploads": [SimpleUploadedFile(name, content) for name, content in files],
        "edits": "keep",
        **fields,
    }
    response = client.post(ADD, asked)
    assert response.status_code == 302, response.content.decode()
    run = ImportRun.objects.latest("pk")
    assert response["Location"] == reverse("admin:articles_importrun_change", args=[run.pk])
    work()
    run.refresh_from_db()
    return run


def work() -> None:
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
    handlers = {number: signal.getsignal(number) for number in signals}
    try:
        call_command("db_worker", batch=True, interval=0, verbosity=0, startup_delay=False)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def counts(run: ImportRun) -> tuple[int, ...]:
    return run.created, run.updated, run.unchanged, run.skipped, run.failed


@pytest.mark.django_db(transaction=True)
class TestUploading:
    def test_files_and_zips_become_articles(self, desk: Client, boss: User) -> None:
        Outlet.objects.get_or_create(slug="rfi", defaults={"name": "法广"})
        run = upload(
            desk,
            ("1.md", article(1)),
            ("more.zip", zipped({"rfi/2.md": article(2), "rfi/3.png": b"x", "4.md": b""})),
        )
        assert (run.status, counts(run)) == ("finished", (2, 0, 0, 0, 1))
        assert (run.done, run.total, run.requested_by) == (3, 3, boss)
        assert Article.objects.get(url="https://www.paper.example/2").outlet.slug == "rfi"
        page = desk.get(reverse("admin:articles_importrun_change", args=[run.pk])).content.decode()
        assert "一则新闻" in page
        assert f"run__id__exact={run.pk}&amp;kind__exact=empty-file" in page
        assert AuditEntry.objects.get(action="import").detail == "1.md, more.zip"

    def test_a_name_leads_nowhere(self, desk: Client, settings: Settings) -> None:
        run = upload(desk, ("../../../evil\x00.md", article(1)), ("." * 300 + ".md", article(2)))
        assert counts(run) == (2, 0, 0, 0, 0)
        for source in run.sources:
            assert Path(source).resolve().is_relative_to(settings.DATA_DIR / "uploads")

    def test_files_of_the_same_name_are_all_taken(self, desk: Client) -> None:
        assert counts(upload(desk, ("a.md", article(1)), ("a.md", article(2))))[0] == 2

    def test_nothing_chosen_is_told(self, desk: Client) -> None:
        response = desk.post(ADD, {"edits": "keep"})
        assert response.status_code == 400
        assert "至少选择一个文件" in response.content.decode()
        assert not ImportRun.objects.exists()

    def test_too_much_is_refused_and_nothing_kept(self, desk: Client, settings: Settings) -> None:
        settings.NEWSARCHIVE_UPLOAD_MB = 1
        file = SimpleUploadedFile("1.md", article(body="长" * 700_000))
        response = desk.post(ADD, {"uploads": [file], "edits": "keep"})
        assert response.status_code == 400
        assert "NEWSARCHIVE_UPLOAD_MB" in response.content.decode()
        assert not ImportRun.objects.exists()
        assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []

    def test_allowed_folders_only(self, desk: Client, settings: Settings, tmp_path: Path) -> None:
        folder = tmp_path / "crawled"
        folder.mkdir()
        (folder / "1.md").write_bytes(article(1))
        assert "crawled" not in desk.get(ADD).content.decode()
        settings.NEWSARCHIVE_IMPORT_FOLDERS = [str(folder), str(tmp_path / "gone")]
        assert str(folder) in desk.get(ADD).content.decode()
        for choice in ("7", str(tmp_path), "1"):
            response = desk.post(ADD, {"folders": choice, "edits": "keep"})
            assert response.status_code == 400
        assert desk.post(ADD, {"folders": "0", "edits": "keep"}).status_code == 302
        work()
        assert Article.objects.count() == 1

    def test_a_dry_run_is_imported_for_real(self, desk: Client) -> None:
        run = upload(desk, ("1.md", article(1)), ("2.md", b"\x89PNG\r\n\x1a\n"), dry_run="on")
        assert (counts(run), run.problems.count()) == ((1, 0, 0, 0, 1), 1)
        assert not Article.objects.exists()
        assert not Capture.objects.exists()
        desk.post(reverse("admin:articles_importrun_for_real", args=[run.pk]))
        work()
        assert Article.objects.count() == 1

    def test_edited_articles_are_kept_or_replaced_as_asked(self, desk: Client) -> None:
        upload(desk, ("1.md", article(title="原来")))
        edited = Article.objects.get()
        edited.title, edited.edited_at = "编辑", edited.created_at
        edited.save()
        upload(desk, ("1.md", article(title="更新")))
        edited.refresh_from_db()
        assert (edited.title, edited.has_newer_capture) == ("编辑", True)
        upload(desk, ("1.md", article(title="再更新")), edits="replace")
        edited.refresh_from_db()
        assert (edited.title, edited.has_newer_capture) == ("再更新", False)
        assert "编辑" in edited.history.values_list("title", flat=True)


@pytest.mark.django_db(transaction=True)
class TestRunning:
    def test_a_waiting_run_is_cancelled_at_once(self, desk: Client) -> None:
        file = SimpleUploadedFile("1.md", article())
        desk.post(ADD, {"uploads": [file], "edits": "keep"})
        run = ImportRun.objects.get()
        desk.post(reverse("admin:articles_importrun_cancel", args=[run.pk]))
        work()
        run.refresh_from_db()
        assert (run.status, Article.objects.count()) == ("cancelled", 0)
        desk.post(reverse("admin:articles_importrun_continue", args=[run.pk]))
        work()
        run.refresh_from_db()
        assert (run.status, Article.objects.count()) == ("finished", 1)

    def test_what_a_dead_worker_left_is_counted_once(self, desk: Client) -> None:
        files = [(f"{number}.md", article(number)) for number in range(5)]
        run = upload(desk, *files, ("bad.md", b""))
        ImportRun.objects.filter(pk=run.pk).update(status="running")
        assert continue_abandoned() == 1
        work()
        run.refresh_from_db()
        assert (run.status, counts(run), run.done) == ("finished", (5, 0, 0, 0, 1), 6)
        assert run.problems.count() == 1

    def test_lines_of_an_export_are_counted_once(self, desk: Client) -> None:
        upload(desk, *((f"{number}.md", article(number)) for number in range(3)))
        lines = b"".join(map(as_line, Article.objects.all()))
        Article.objects.all().delete()
        Capture.objects.all().delete()
        run = upload(desk, ("export.jsonl", lines))
        assert counts(run) == (3, 0, 0, 0, 0)
        ImportRun.objects.filter(pk=run.pk).update(status="running")
        assert continue_abandoned() == 1
        work()
        run.refresh_from_db()
        assert (run.status, counts(run), run.done) == ("finished", (3, 0, 0, 0, 0), 3)

    def test_progress_is_told_to_scripts(self, desk: Client) -> None:
        run = upload(desk, ("1.md", article()))
        told = desk.get(reverse("admin:articles_importrun_progress", args=[run.pk])).json()
        assert told["is_unfinished"] is False
        assert told["percent"] == 100
        assert told["texts"]["created"] == "1"

    def test_only_importers_import(self, person: Callable[..., User], client: Client) -> None:
        client.force_login(person("looker", "view_importrun", "view_importproblem"))
        run = ImportRun.objects.create()
        assert client.get(ADD).status_code == 403
        assert client.post(ADD).status_code == 403
        for name in ("cancel", "continue", "for_real"):
            address = reverse(f"admin:articles_importrun_{name}", args=[run.pk])
            assert client.post(address).status_code == 403
            assert client.get(address).status_code == 405
        assert client.get(f"/admin/articles/importrun/{run.pk}/change/").status_code == 200


@pytest.mark.django_db(transaction=True)
class TestProblems:
    def select(self, client: Client, action: str, *problems: ImportProblem) -> Any:
        chosen = {"action": action, "_selected_action": [problem.pk for problem in problems]}
        return client.post("/admin/articles/importproblem/", chosen)

    def test_a_corrected_file_is_tried_again(
        self, desk: Client, settings: Settings, tmp_path: Path
    ) -> None:
        folder = tmp_path / "crawled"
        folder.mkdir()
        settings.NEWSARCHIVE_IMPORT_FOLDERS = [str(folder)]
        (folder / "1.md").write_bytes(b"")
        (folder / "2.md").write_bytes(b"")
        desk.post(ADD, {"folders": "0", "edits": "keep"})
        work()
        (folder / "1.md").write_bytes(article(1))
        self.select(desk, "retry_these", *ImportProblem.objects.all())
        work()
        again = ImportRun.objects.latest("pk")
        assert counts(again) == (1, 0, 0, 0, 1)
        first = ImportRun.objects.earliest("pk")
        mended = first.problems.exclude(resolved_at=None)
        assert [problem.path for problem in mended] == ["crawled/1.md"]

    def test_kept_bytes_are_tried_again(self, desk: Client) -> None:
        run = upload(desk, ("1.md", b"<!--1-->\n[title](nowhere)\n------\n\n<p>x</p>"))
        ImportRun.objects.filter(pk=run.pk).update(sources=["/gone/1.md"])
        self.select(desk, "retry_these", run.problems.get())
        work()
        again = ImportRun.objects.latest("pk")
        assert again.pk != run.pk
        assert counts(again) == (0, 0, 0, 0, 1)

    def test_what_is_gone_is_told(self, desk: Client) -> None:
        run = upload(desk, ("1.md", b""))
        ImportRun.objects.filter(pk=run.pk).update(sources=["/gone/1.md"])
        response = self.select(desk, "retry_these", run.problems.get())
        assert ImportRun.objects.count() == 1
        assert "重新上传" in desk.get(response["Location"]).content.decode()

    def test_a_table_for_spreadsheets_has_no_formulas(self, desk: Client) -> None:
        run = upload(desk, ("=cmd.md", b""))
        response = self.select(desk, "download_csv", run.problems.get())
        text = b"".join(response.streaming_content).decode()
        assert text.startswith("\ufeffrun,kind,path")
        row = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1]
        assert row[2] == "'=cmd.md"
