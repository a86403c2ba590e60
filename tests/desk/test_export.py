"""Exports: asked for in the list, fetched from the job's page, imported again with no loss."""

import base64
import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from articles import exporting
from articles.editing import apply_edit
from articles.importing import run_import
from articles.importing.decoding import decode
from articles.importing.formats import parse
from articles.models import Article, Capture, Job, OldSlug, Outlet, OutletAlias
from articles.sanitising import clean
from tests.desk.jobs import asked, do, done, job_of

pytestmark = pytest.mark.django_db

NATURE = ["title", "original_url", "url", "published_at", "byline", "body", "text", "lead"]


def article(number: int, **fields: Any) -> Article:
    """Make an article with a capture, as an import of ``fields`` would have made it."""
    outlet, _created = Outlet.objects.get_or_create(
        slug="morning", defaults={"name": "晨报", "title_suffixes": ["晨报网"]}
    )
    url = f"https://www.paper.example/{number}"
    cleaned = clean(fields.pop("body", "<p>正文。</p>"), url=url)
    fields = {"title": f"第{number}则", "outlet": outlet, "original_url": url, **fields}
    made = Article(
        url=url,
        body=cleaned.body,
        text=cleaned.text,
        lead=cleaned.text[:200].replace("\n", " "),
        cleaner_version=1,
        **fields,
    )
    Article.objects.bulk_create([made])
    made.current_capture = add_capture(made, f"raw {number}".encode())
    made.save_base(raw=True)
    return made


def add_capture(of: Article, raw: bytes) -> Capture:
    capture = Capture.objects.create(
        article=of,
        sha256=hashlib.sha256(raw).hexdigest(),
        content=Capture.compress(raw),
        size=len(raw),
        source_path=f"x.zip!articles/晨报/{of.pk}.md",
        format="archive",
    )
    Capture.objects.filter(pk=capture.pk).update(
        captured_at=datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    )
    return capture


def varied() -> list[Article]:
    """Articles that differ in all that an article can have."""
    when = datetime(2023, 12, 14, 15, 55, 1, 234000, tzinfo=UTC)
    other = Outlet.objects.create(slug="bbc-cn", name="另一家")
    OutletAlias.objects.create(outlet=other, kind="host", value="other.example")
    made = [
        article(1, title="标题 [一] (二) [三](四 (五) --- 六", published_at=when),
        article(2, title="無日期的繁體標題", body="<p>臺灣<br>新聞</p>\n<pre>a\n  b</pre>"),
        article(3, published_at=when, byline="记者 -- <张三> & “李四”-->"),
        article(4, published_at=when, hidden=True),
        article(5, body="没有标签的正文", published_at=when, byline="日期：2020"),
        article(6, body="日期：Thu, 02 Jul 2020 07:39:48 +0000<p>正文</p>"),
        article(7, body="", published_at=when),
        article(8, outlet=other, published_at=when),
        article(9, original_url="http://www.paper.example//9?utm_source=rss#x"),
    ]
    edited = made[1]
    add_capture(edited, "旧的文件".encode())
    edited.title = "編輯改過的標題"
    apply_edit(edited, changed=["title"])
    edited.save()
    return made


def state(articles: Iterable[Article]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in NATURE} for one in articles]


def whole_state() -> list[dict[str, Any]]:
    """All of every article that has nothing to do with this database."""
    return [
        {
            **{name: getattr(one, name) for name in NATURE},
            "hidden": one.hidden,
            "edited_at": one.edited_at,
            "created_at": one.created_at,
            "has_newer_capture": one.has_newer_capture,
            "cleaner_version": one.cleaner_version,
            "outlet": (one.outlet.slug, one.outlet.name, one.outlet.title_suffixes),
            "aliases": sorted(one.outlet.aliases.values_list("kind", "value")),
            "current": one.current_capture and one.current_capture.sha256,
            "captures": [
                (c.sha256, c.raw, c.size, c.source_path, c.format, c.captured_at)
                for c in one.captures.all()
            ],
        }
        for one in Article.objects.order_by("url")
    ]


def exported(desk: Client, articles: Iterable[Article], action: str) -> bytes:
    job = done(asked(desk, action, list(articles)))
    assert job.status == "finished", job.message
    response: Any = desk.get(f"/admin/articles/job/{job.pk}/download/")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    return b"".join(response.streaming_content)


def empty_archive() -> None:
    Article.objects.update(current_capture=None)
    Capture.objects.all().delete()
    Article.history.all().delete()
    Article.objects.all().delete()
    Outlet.objects.all().delete()


def import_bytes(folder: Path, name: str, data: bytes) -> Any:
    path = folder / name
    path.write_bytes(data)
    return run_import([path])


def dated(line: bytes, **times: str) -> bytes:
    return json.dumps(json.loads(line) | times, separators=(",", ":")).encode()


class TestJsonLines:
    def test_everything_comes_back(self, desk: Client, tmp_path: Path) -> None:
        made = varied()
        before = whole_state()
        data = exported(desk, made, "export_jsonl")
        empty_archive()
        report = import_bytes(tmp_path, "export.jsonl", data)
        assert (report.created, report.failed) == (len(made), 0), report.problems
        assert whole_state() == before
        again = import_bytes(tmp_path, "export.jsonl", data)
        assert (again.unchanged, again.created, again.updated) == (len(made), 0, 0)
        assert whole_state() == before

    def test_others_can_read_it(self, desk: Client) -> None:
        [line] = exported(desk, [article(1, byline="记者")], "export_jsonl").splitlines()
        read = json.loads(line)
        assert read["title"] == "第1则"
        assert read["outlet"]["slug"] == "morning"
        assert read["byline"] == "记者"
        assert base64.b64decode(read["captures"][0]["content"]) == b"raw 1"

    def test_the_name_of_the_file_does_not_matter(self, desk: Client, tmp_path: Path) -> None:
        data = exported(desk, [article(1), article(2)], "export_jsonl")
        empty_archive()
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("folder/export.jsonl", data)
        assert run_import([tmp_path / "x.zip"]).created == 2
        assert import_bytes(tmp_path, "export.txt", data).unchanged == 2

    def test_an_edit_here_stays(self, desk: Client, tmp_path: Path) -> None:
        one = article(1)
        data = exported(desk, [one], "export_jsonl")
        one.title = "这里改的"
        apply_edit(one, changed=["title"])
        one.save()
        Capture.objects.all().delete()
        assert import_bytes(tmp_path, "export.jsonl", data).updated == 1
        one.refresh_from_db()
        assert one.title == "这里改的"
        assert one.has_newer_capture
        assert one.captures.count() == 1

    def test_an_edit_there_is_taken(self, desk: Client, tmp_path: Path) -> None:
        one = article(1)
        Article.objects.update(title="那里改的", edited_at=timezone.now())
        data = exported(desk, [one], "export_jsonl")
        Article.objects.update(title="第1则", edited_at=None)
        assert import_bytes(tmp_path, "export.jsonl", data).updated == 1
        assert Article.objects.get().title == "那里改的"

    @pytest.mark.parametrize(
        ("damage", "kind"),
        [
            (lambda line: line[:-20], "unknown-format"),
            (lambda line: line.replace(b'"hidden":false', b'"hidden":[]'), "unknown-format"),
            (lambda line: line.replace("正文".encode(), b"\\u0000"), "unknown-format"),
            (lambda line: line.replace("正文".encode(), b"\\ud800"), "unknown-format"),
            (lambda line: line.replace("正文".encode(), b"\xff"), "unknown-format"),
            (lambda line: line.replace(b'"content":"', b'"content":"AAAA'), "unknown-format"),
            (lambda line: dated(line, published_at="9999-12-31T23:00:00Z"), "unknown-format"),
            (lambda line: dated(line, published_at="1850-05-05T00:00:00Z"), "unknown-format"),
            (lambda line: dated(line, edited_at="0001-01-01T00:00:00Z"), "unknown-format"),
            (lambda line: line.replace(b"https://", b"gopher://"), "bad-address"),
            (lambda line: line.replace("第1则".encode(), b" "), "no-title"),
        ],
    )
    def test_a_damaged_line_is_a_problem_of_that_line(
        self, damage: Callable[[bytes], bytes], kind: str, desk: Client, tmp_path: Path
    ) -> None:
        first, second = exported(desk, [article(1), article(2)], "export_jsonl").splitlines()
        empty_archive()
        report = import_bytes(tmp_path, "x.jsonl", damage(first) + b"\n" + second + b"\n")
        assert (report.created, report.failed) == (1, 1)
        [problem] = report.problems
        assert (problem.path, problem.kind) == ("x.jsonl!1", kind), problem

    def test_hostile_bodies_are_sanitised(self, desk: Client, tmp_path: Path) -> None:
        data = exported(desk, [article(1)], "export_jsonl")
        empty_archive()
        hostile = data.replace("<p>正文".encode(), b"<p onclick=x>y<script>alert(1)</script>")
        import_bytes(tmp_path, "x.jsonl", hostile)
        assert Article.objects.get().body == "<p>y。</p>"


class TestTheArchiveFormat:
    def test_what_it_can_hold_comes_back(self, desk: Client, tmp_path: Path) -> None:
        made = varied()
        data = exported(desk, made, "export_archive")
        before = state(Article.objects.order_by("url"))
        outlets = list(Article.objects.order_by("url").values_list("outlet", flat=True))
        Article.objects.update(current_capture=None)
        Capture.objects.all().delete()
        Article.objects.all().delete()
        report = import_bytes(tmp_path, "export.zip", data)
        assert (report.created, report.failed) == (len(made), 0), report.problems
        assert state(Article.objects.order_by("url")) == before
        assert list(Article.objects.order_by("url").values_list("outlet", flat=True)) == outlets

    def test_it_is_the_crawlers_format(self, desk: Client) -> None:
        one = article(1, published_at=datetime(2023, 12, 14, 15, 15, 1, tzinfo=UTC))
        data = exported(desk, [one], "export_archive")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            [name] = archive.namelist()
            text = archive.read(name).decode()
        assert name == f"articles/morning/{one.pk}.md"
        assert text == (
            "<!--1702566901000-->\n[第1则](https://www.paper.example/1)\n------\n\n<p>正文。</p>\n"
        )

    def test_what_it_cannot_hold_is_counted(self, desk: Client) -> None:
        early = article(1, published_at=datetime(1949, 10, 1, tzinfo=UTC))
        title = article(2, title="甲](https://x.example/) --- 乙")
        job = done(asked(desk, "export_archive", [early, title, article(3)]))
        assert job.parameters["counts"] == {"unfit": 2, "exported": 1}
        page = desk.get(f"/admin/articles/job/{job.pk}/change/").content.decode()
        assert "<strong>2</strong>" in page

    def test_folders_named_by_an_old_slug_are_known(self, desk: Client, tmp_path: Path) -> None:
        one = article(1)
        data = exported(desk, [one], "export_archive")
        Capture.objects.all().delete()
        Article.objects.all().delete()
        outlet = Outlet.objects.get(slug="morning")
        Outlet.objects.filter(pk=outlet.pk).update(slug="evening")
        OldSlug.objects.create(slug="morning", outlet=outlet)
        import_bytes(tmp_path, "export.zip", data)
        assert Article.objects.get().outlet == outlet

    @hypothesis_settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        title=st.text(st.sampled_from("标題a[]()<>-—| &!一"), min_size=1, max_size=20).filter(
            lambda text: text == " ".join(text.split()) and text
        ),
        byline=st.text(st.sampled_from("记者a-<>&;!一"), max_size=10).filter(
            lambda text: text == " ".join(text.split())
        ),
        body=st.lists(
            st.sampled_from(["<p>", "</p>", "[a](http://x)\n---", "文", "\n", "日期：", "<b>"])
        ).map("".join),
    )
    def test_a_file_that_is_written_is_read_as_it_was(
        self, title: str, byline: str, body: str
    ) -> None:
        cleaned = clean(body, url="https://a.example/1")
        one = Article(
            pk=7,
            outlet=Outlet(slug="a"),
            title=title,
            byline=byline,
            body=cleaned.body,
            original_url="https://a.example/1",
        )
        data = exporting.archive_file(one)
        if data is not None:
            read = parse(decode(data), "articles/a/7.md")
            assert (read.title, read.byline) == (title, byline)
            assert clean(read.body, url=read.url) == cleaned


class TestTheFile:
    def test_an_export_that_was_interrupted_starts_over(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("articles.jobs._exporting.Export.at_once", 1)
        job = job_of(asked(desk, "export_jsonl", [article(n) for n in range(3)]))
        path = exporting.export_path(job)

        def fail(*_args: Any) -> bool:
            if job.done == 2:
                assert not path.exists()
                raise OSError(28, "No space left on device")
            return False

        with monkeypatch.context() as patched:
            patched.setattr("articles.jobs._doing.is_to_be_cancelled", fail)
            job = Job.objects.get(pk=job.pk)
            do(job)
        assert job.status == "failed"
        assert "space" in job.message
        assert not list(path.parent.iterdir())
        assert desk.get(f"/admin/articles/job/{job.pk}/download/").status_code == 404
        desk.post(f"/admin/articles/job/{job.pk}/continue/")
        job.refresh_from_db()
        assert do(job).status == "finished"
        assert len(path.read_bytes().splitlines()) == 3
        assert job.parameters["counts"]["exported"] == 3

    def test_it_is_kept_for_a_week(self, desk: Client) -> None:
        job = done(asked(desk, "export_jsonl", [article(1)]))
        path = exporting.export_path(job)
        week_ago = time.time() - 7 * 24 * 3600 - 60
        os.utime(path, (week_ago, week_ago))
        assert desk.get(f"/admin/articles/job/{job.pk}/download/").status_code == 404
        assert not path.exists()
        page = desk.get(f"/admin/articles/job/{job.pk}/change/").content.decode()
        assert "/download/" not in page

    def test_it_is_for_those_who_may_see_articles(
        self, desk: Client, person: Callable[..., User]
    ) -> None:
        job = done(asked(desk, "export_jsonl", [article(1)]))
        address = f"/admin/articles/job/{job.pk}/download/"
        for permissions, status in [((), 403), (("view_article",), 200)]:
            client = Client()
            client.force_login(person(f"p{len(permissions)}", *permissions))
            assert client.get(address).status_code == status
        assert Client().get(address).status_code == 302
