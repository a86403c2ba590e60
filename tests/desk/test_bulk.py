"""Many articles at once: chosen in the list, changed by jobs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.importing import run_import
from articles.models import Article, AuditEntry, Capture, ImportProblem, Job, Outlet, PendingChange
from articles.sanitising import VERSION
from tests.desk.jobs import LIST, asked, confirmed, do, done, job_of

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]


@pytest.fixture
def imported(write_article: Callable[..., Path], tmp_path: Path) -> list[Article]:
    """Six articles of one outlet, as imported."""
    for n in range(6):
        write_article(
            tmp_path / f"tree/{n}.md",
            title=f"第{n}则",
            url=f"https://www.paper.example/{n}",
            body=f"<p>正文{n}。</p><script>x</script>",
        )
    run_import([tmp_path / "tree"])
    PendingChange.objects.all().delete()
    return list(Article.objects.order_by("pk"))


def pending() -> set[int]:
    return set(PendingChange.objects.values_list("article_id", flat=True))


def counts(job: Job) -> dict[str, int]:
    return {name: count for name, count in job.parameters["counts"].items() if count}


class TestHiding:
    def test_hidden_articles_are_gone_at_once_and_come_back(
        self, desk: Client, imported: list[Article]
    ) -> None:
        job = done(asked(desk, "hide", imported[:2]))
        assert (job.status, job.done, job.total) == ("finished", 2, 2)
        reader = Client()
        assert reader.get(imported[0].get_absolute_url()).status_code == 404
        assert reader.get(imported[2].get_absolute_url()).status_code == 200
        done(asked(desk, "publish", imported))
        assert reader.get(imported[0].get_absolute_url()).status_code == 200

    def test_each_keeps_a_version_that_says_who_and_by_which_job(
        self, desk: Client, imported: list[Article], boss: User
    ) -> None:
        job = done(asked(desk, "hide", imported[:2]))
        [version] = imported[0].history.all()
        assert version.hidden
        assert version.history_user == boss
        assert f"#{job.pk}" in version.history_change_reason
        # Nothing is kept twice, and what is so already is left alone.
        again = done(asked(desk, "hide", imported[:3]))
        assert counts(again) == {"changed": 1, "unchanged": 2}
        assert imported[0].history.count() == 1
        assert not imported[3].history.exists()

    def test_the_audit_log_says_who_hid_how_many(
        self, desk: Client, imported: list[Article], boss: User
    ) -> None:
        job = job_of(asked(desk, "hide", imported[:2]))
        entry = AuditEntry.objects.get(action="hide")
        assert (entry.user, entry.target_url) == (boss, f"/admin/articles/job/{job.pk}/change/")
        assert "2" in entry.detail


class TestSelecting:
    def test_all_that_a_search_and_a_filter_found(
        self, desk: Client, imported: list[Article]
    ) -> None:
        Article.objects.filter(pk=imported[5].pk).update(hidden=True)
        query = "?q=paper.example&hidden=0"
        assert str(desk.get(f"{LIST}{query}").context["cl"].result_count) == "5"
        response = asked(desk, "hide", imported[:1], query=query, select_across="1")
        job = job_of(response)
        assert job.article_ids == [article.pk for article in imported[:5]]
        assert "paper.example" in job.parameters["selection"]

    def test_the_request_loads_no_article(self, desk: Client, imported: list[Article]) -> None:
        with CaptureQueriesContext(connection) as captured:
            asked(desk, "hide", imported, select_across="1")
        statements = [query["sql"] for query in captured]
        assert not any('"body"' in sql for sql in statements if sql.startswith("SELECT"))
        assert not any(sql.startswith("UPDATE") and "hidden" in sql for sql in statements)

    def test_rows_that_are_gone_meanwhile_are_passed_over(
        self, desk: Client, imported: list[Article]
    ) -> None:
        job = job_of(asked(desk, "hide", imported))
        imported[0].delete()
        assert counts(do(job)) == {"changed": 5, "gone": 1}

    @pytest.mark.parametrize(
        ("action", "permission"),
        [
            ("publish", "change_article"),
            ("hide", "change_article"),
            ("change_outlet", "change_article"),
            ("clean_again", "change_article"),
            ("index_again", "change_article"),
            ("export_jsonl", "view_article"),
            ("export_archive", "view_article"),
            ("delete_selected", "delete_article"),
        ],
    )
    def test_who_may_ask(
        self,
        action: str,
        permission: str,
        imported: list[Article],
        person: Callable[..., User],
    ) -> None:
        for codename in {"view_article", "change_article", "delete_article"}:
            client = Client()
            client.force_login(person(codename, *{"view_article", codename}))
            offered = f'<option value="{action}"' in client.get(LIST).content.decode()
            response = asked(client, action, imported)
            may = permission in ("view_article", codename)
            assert offered is may
            made = Job.objects.exists() or "bulk" in (response.template_name or "" if may else "")
            assert made is may, codename
            Job.objects.all().delete()


class TestChangingTheOutlet:
    @pytest.fixture
    def other(self) -> Outlet:
        return Outlet.objects.create(slug="other", name="晚报")

    def test_articles_move_and_the_index_is_told(
        self, desk: Client, imported: list[Article], other: Outlet, boss: User
    ) -> None:
        page = asked(desk, "change_outlet", imported[:2])
        job = done(confirmed(desk, page, outlet=str(other.pk)))
        assert counts(job) == {"changed": 2}
        assert list(other.articles.order_by("pk")) == imported[:2]
        assert pending() == {imported[0].pk, imported[1].pk}
        newest, oldest = imported[0].history.all()
        assert (newest.outlet_id, newest.history_user) == (other.pk, boss)
        assert oldest.outlet_id == imported[0].outlet_id
        # An import of newer content is still welcome.
        assert Article.objects.filter(edited_at=None).count() == 6

    def test_without_an_outlet_the_page_says_so(
        self, desk: Client, imported: list[Article]
    ) -> None:
        page = asked(desk, "change_outlet", imported[:2])
        again = confirmed(desk, page, outlet="")
        assert "errorlist" in again.content.decode()
        assert not Job.objects.exists()

    def test_an_outlet_that_is_gone_by_then(
        self, desk: Client, imported: list[Article], other: Outlet
    ) -> None:
        page = asked(desk, "change_outlet", imported)
        job = job_of(confirmed(desk, page, outlet=str(other.pk)))
        other.delete()
        assert do(job).status == "failed"
        assert job.message in desk.get(f"/admin/articles/job/{job.pk}/change/").content.decode()
        assert Article.objects.filter(outlet=imported[0].outlet).count() == 6


class TestCleaningAgain:
    def test_what_an_older_cleaner_made_is_made_anew(
        self, desk: Client, imported: list[Article]
    ) -> None:
        old, edited, fine, *_others = imported
        Article.objects.filter(pk=old.pk).update(body="<p>旧</p>", text="旧", cleaner_version=0)
        Article.objects.filter(pk=edited.pk).update(
            body="<p>编辑写的</p>", text="编辑写的", lead="编辑写的", edited_at=timezone.now()
        )
        PendingChange.objects.all().delete()
        job = done(asked(desk, "clean_again", [old, edited, fine]))
        assert counts(job) == {"cleaned": 1, "edited": 1, "unchanged": 1}
        old.refresh_from_db()
        assert (old.body, old.text, old.lead) == ("<p>正文0。</p>", "正文0。", "正文0。")
        assert old.cleaner_version == VERSION
        assert Article.objects.get(pk=edited.pk).body == "<p>编辑写的</p>"
        assert pending() == {old.pk}

    def test_a_capture_in_which_nothing_is_found_leaves_the_article(
        self, desk: Client, imported: list[Article]
    ) -> None:
        Capture.objects.filter(article=imported[0]).update(content=Capture.compress(b"nothing"))
        job = done(asked(desk, "clean_again", imported[:1]))
        assert counts(job) == {"unreadable": 1}
        assert Article.objects.get(pk=imported[0].pk).text == "正文0。"

    def test_the_command_cleans_what_is_older(self, manage: Any, data_folder: Path) -> None:
        assert manage("import_articles", ROOT / "sample").returncode == 0
        script = (
            "from articles.models import Article;"
            "a = Article.objects.first();"
            "Article.objects.filter(pk=a.pk).update(body='<p>x</p>', text='x', cleaner_version=0)"
        )
        assert manage("shell", "-c", script).returncode == 0
        first = manage("clean_articles")
        assert first.stdout.strip().splitlines()[-1] == (
            "cleaned 1, unchanged 0, edited 0, unreadable 0"
        ), first.stderr
        again = manage("clean_articles")
        assert "cleaned 0, unchanged 0" in again.stdout


def test_indexing_again_notes_the_articles(desk: Client, imported: list[Article]) -> None:
    done(asked(desk, "index_again", imported[:3]))
    assert pending() == {article.pk for article in imported[:3]}


class TestDeleting:
    def test_a_page_says_what_goes_and_then_it_is_gone(
        self, desk: Client, imported: list[Article]
    ) -> None:
        done(asked(desk, "hide", imported[:1]))
        capture = Capture.objects.get(article=imported[0])
        assert capture.run is not None
        ImportProblem.objects.create(
            run=capture.run, kind="no-date", path="x", message="x", capture=capture
        )
        page = asked(desk, "delete_selected", imported[:2])
        assert [page.context[name] for name in ("count", "captures", "versions")] == [2, 2, 1]
        assert "第0则" in page.content.decode()
        assert Article.objects.count() == 6
        with CaptureQueriesContext(connection) as captured:
            job = done(confirmed(desk, page))
        assert counts(job) == {"deleted": 2}
        assert Article.objects.count() == 4
        assert Capture.objects.count() == 4
        assert not Article.history.exists()
        assert ImportProblem.objects.get().capture is None
        assert pending() == {imported[0].pk, imported[1].pk}
        assert not any('"content"' in query["sql"] for query in captured)
        connection.check_constraints()
        entry = AuditEntry.objects.get(action="delete")
        assert "2" in entry.detail
        assert str(imported[1].pk) in entry.detail

    def test_a_selection_that_grew_is_asked_for_again(
        self, desk: Client, imported: list[Article]
    ) -> None:
        page = asked(desk, "delete_selected", imported[:1], query="?q=paper", select_across="1")
        assert page.context["count"] == 6
        Article.objects.create(
            outlet=imported[0].outlet,
            title="后来的",
            url="https://www.paper.example/x",
            original_url="https://www.paper.example/x",
        )
        again = confirmed(desk, page)
        assert again.context["count"] == 7
        assert not Job.objects.exists()
        done(confirmed(desk, again))
        assert not Article.objects.exists()


class TestTheJobsPage:
    def test_it_tells_how_far_and_offers_what_can_be_done(
        self, desk: Client, imported: list[Article]
    ) -> None:
        job = job_of(asked(desk, "hide", imported))
        address = f"/admin/articles/job/{job.pk}/"
        page = desk.get(f"{address}change/").content.decode()
        assert "0 / 6" in page
        assert "/cancel/" in page
        assert "http-equiv" in page
        state = desk.get(f"{address}progress/").json()
        assert state["is_unfinished"]
        assert (state["percent"], state["texts"]["done"]) == (0, "0 / 6")
        do(job)
        assert desk.get(f"{address}progress/").json()["percent"] == 100
        page = desk.get(f"{address}change/").content.decode()
        assert "/cancel/" not in page
        assert "http-equiv" not in page

    def test_cancelled_then_continued(
        self, desk: Client, imported: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("articles.jobs._changing.Hide.at_once", 2)
        job = job_of(asked(desk, "hide", imported))
        address = f"/admin/articles/job/{job.pk}/"

        def cancel_after_the_first(*_args: Any) -> bool:
            if Article.objects.filter(hidden=True).exists():
                desk.post(f"{address}cancel/")
            return Job.objects.filter(pk=job.pk, cancel_requested=True).exists()

        with monkeypatch.context() as patched:
            patched.setattr("articles.jobs._doing.is_to_be_cancelled", cancel_after_the_first)
            do(job)
        assert (job.status, job.done) == ("cancelled", 2)
        assert Article.objects.filter(hidden=True).count() == 2
        assert AuditEntry.objects.filter(action="cancel").count() == 1
        desk.post(f"{address}continue/")
        assert counts(do(job)) == {"changed": 6}
        assert (job.status, job.done) == ("finished", 6)

    def test_one_that_nobody_does_yet_is_cancelled_at_once(
        self, desk: Client, imported: list[Article]
    ) -> None:
        job = job_of(asked(desk, "hide", imported))
        desk.post(f"/admin/articles/job/{job.pk}/cancel/")
        assert do(job).status == "cancelled"
        assert not Article.objects.filter(hidden=True).exists()

    def test_what_was_not_asked_for_by_permission(
        self, imported: list[Article], person: Callable[..., User], desk: Client
    ) -> None:
        job = job_of(asked(desk, "hide", imported))
        reader = Client()
        reader.force_login(person("reader", "view_article"))
        assert reader.get(f"/admin/articles/job/{job.pk}/change/").status_code == 200
        assert reader.post(f"/admin/articles/job/{job.pk}/cancel/").status_code == 403
        assert reader.get(f"/admin/articles/job/{job.pk}/cancel/").status_code == 405


WORKER = """
import django, sys
django.setup()
from articles import tasks
from articles.jobs import _changing
from articles.models import Job
_changing.ChangeOutlet.at_once = 5
tasks._do(Job.objects.get())
"""
PREPARATION = """
from articles.models import *
a, b = (Outlet.objects.create(slug=s, name=s) for s in ("from", "to"))
Article.objects.bulk_create(
    Article(outlet=a, title=str(n), url=f"https://a.example/{n}",
            original_url=f"https://a.example/{n}", body="<p>x</p>", text="x") for n in range(1500))
ids = list(Article.objects.values_list("pk", flat=True))
Job.objects.create(kind="change-outlet", parameters={"outlet": b.pk}, article_ids=ids,
                   total=len(ids), in_background=True, status="queued")
"""
ANSWER = """
from collections import Counter
from articles.models import *
job = Job.objects.get()
versions = Counter(Article.history.values_list("id", flat=True)).values()
print(job.status, job.done, Article.objects.filter(outlet__slug="to").count(),
      PendingChange.objects.count(), sorted(set(versions)), len(versions),
      job.parameters.get("counts", {}).get("changed"))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_stopped_leaves_a_job_that_goes_on(
    number: signal.Signals, manage: Any, data_folder: Path
) -> None:
    assert manage("shell", "-c", PREPARATION).returncode == 0
    environment = {
        **os.environ,
        "NEWSARCHIVE_DATA": str(data_folder),
        "DJANGO_SETTINGS_MODULE": "newsarchive.settings",
    }
    command = [sys.executable, "-c", WORKER]
    for pause in (0.3, 0.1):
        worker = subprocess.Popen(command, cwd=ROOT, env=environment)
        deadline = time.monotonic() + 60
        before = _done(data_folder)
        while _done(data_folder) == before and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(pause)
        worker.send_signal(number)
        worker.wait(timeout=5)
        status, done_so_far, moved, noted, *_rest = _state(manage)
        assert (status, done_so_far, noted) == ("running", moved, moved)
        assert 0 < int(moved) < 1500
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    assert _state(manage) == ["finished", "1500", "1500", "1500", "[2]", "1500", "1500"]


def _state(manage: Any) -> list[str]:
    result = manage("shell", "-v", "0", "-c", ANSWER)
    assert result.returncode == 0, result.stderr
    answer: list[str] = result.stdout.split()
    return answer


def _done(data_folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(data_folder / "archive.sqlite3") as database:
        [[done]] = database.execute("SELECT done FROM articles_job")
    return int(done)
