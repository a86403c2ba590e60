"""Outlets: renamed, merged, told what is theirs; old addresses lead to what they are now."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from articles.importing import run_import
from articles.models import (
    Article,
    AuditEntry,
    ImportRun,
    Job,
    Outlet,
    OutletAlias,
    PendingChange,
)
from articles.work import claimed
from search.indexing import follow_changes, rebuild
from tests.desk.jobs import confirmed, do, done, job_of

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/outlet/"


@pytest.fixture
def papers() -> list[Outlet]:
    """Three outlets: with three articles, two and one."""
    made = [
        Outlet.objects.create(slug=f"paper-{n}", name=f"报纸{n}", title_suffixes=[f"报{n}"])
        for n in range(3)
    ]
    for n, outlet in enumerate([0, 0, 0, 1, 1, 2]):
        url = f"https://p{outlet}.example/{n}"
        text = f"新闻的内容{n}"
        Article.objects.create(
            outlet=made[outlet],
            title=f"第{n}则 - 报{outlet}",
            url=url,
            original_url=url,
            text=text,
            body=f"<p>{text}</p>",
        )
        OutletAlias.objects.get_or_create(
            outlet=made[outlet], kind="host", value=f"p{outlet}.example"
        )
    rebuild()
    return made


def form_of(client: Client, outlet: Outlet) -> dict[str, Any]:
    """Return what saving an outlet's form without a change sends."""
    aliases = list(outlet.aliases.order_by("kind", "value"))
    data = {
        "slug": outlet.slug,
        "name": outlet.name,
        "title_suffixes": json.dumps(outlet.title_suffixes),
        "aliases-TOTAL_FORMS": str(len(aliases) + 1),
        "aliases-INITIAL_FORMS": str(len(aliases)),
    }
    for n, alias in enumerate(aliases):
        data |= {
            f"aliases-{n}-id": str(alias.pk),
            f"aliases-{n}-outlet": str(outlet.pk),
            f"aliases-{n}-kind": alias.kind,
            f"aliases-{n}-value": alias.value,
        }
    return data


def saved(client: Client, outlet: Outlet, **changes: str) -> Any:
    address = reverse("admin:articles_outlet_change", args=[outlet.pk])
    changes = {name.replace("__", "-"): value for name, value in changes.items()}
    return client.post(address, form_of(client, outlet) | changes)


def merge(client: Client, outlets: list[Outlet], **more: str) -> Any:
    data = {"action": "merge", "index": "0", "_selected_action": [str(o.pk) for o in outlets]}
    return client.post(LIST, data | more)


class TestRenaming:
    def test_old_addresses_lead_to_the_new_ones(self, desk: Client, papers: list[Outlet]) -> None:
        assert saved(desk, papers[0], slug="daily", name="日报").status_code == 302
        reader = Client()
        response = reader.get("/outlets/paper-0/?page=1")
        assert (response.status_code, response["Location"]) == (301, "/outlets/daily/?page=1")
        assert "日报" in reader.get("/outlets/daily/").content.decode()
        assert AuditEntry.objects.filter(action="edit", target="日报").exists()

    def test_old_slugs_narrow_lists_searches_and_the_api(
        self, desk: Client, papers: list[Outlet]
    ) -> None:
        saved(desk, papers[1], slug="daily")
        reader = Client()
        page = reader.get("/articles/?outlet=paper-1")
        assert len(page.context["page"].articles) == 2
        assert '<option value="daily" selected' in page.content.decode()
        assert reader.get("/search/?q=新闻&outlet=paper-1").context["found"].count == 2
        assert reader.get("/api/search?q=新闻&outlet=paper-1").json()["count"] == 2
        assert len(reader.get("/api/articles?outlet=paper-1").json()["results"]) == 2
        assert reader.get("/api/search?q=新闻 outlet:paper-1").json()["count"] == 2
        assert reader.get("/api/search?q=新闻&outlet=nowhere").status_code in (400, 422)

    def test_there_and_back_again(self, desk: Client, papers: list[Outlet]) -> None:
        saved(desk, papers[0], slug="daily")
        papers[0].refresh_from_db()
        saved(desk, papers[0], slug="paper-0")
        assert Client().get("/outlets/paper-0/").status_code == 200
        assert Client().get("/outlets/daily/")["Location"] == "/outlets/paper-0/"

    def test_a_slug_that_leads_to_another_outlet_is_refused(
        self, desk: Client, papers: list[Outlet]
    ) -> None:
        saved(desk, papers[0], slug="daily")
        page = saved(desk, papers[1], slug="paper-0")
        [error] = page.context["adminform"].form.errors["slug"]
        assert "报纸0" in error
        papers[1].refresh_from_db()
        assert papers[1].slug == "paper-1"

    def test_one_that_never_was_is_not_found(self, papers: list[Outlet]) -> None:
        assert Client().get("/outlets/never/").status_code == 404


class TestHostsAndFolders:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("WWW.Paper.Example", "paper.example"),
            ("https://news.paper.example/a?b", "news.paper.example"),
            ("新闻.example", "xn--efvy88h.example"),
        ],
    )
    def test_hosts_are_kept_as_imports_compare_them(
        self, written: str, kept: str, desk: Client, papers: list[Outlet]
    ) -> None:
        response = saved(desk, papers[0], aliases__1__kind="host", aliases__1__value=written)
        assert response.status_code == 302
        assert papers[0].aliases.filter(kind="host", value=kept).exists()

    @pytest.mark.parametrize(
        ("kind", "value", "said"),
        [
            ("host", "no host", "host"),
            ("host", "www.p1.example", "报纸1"),
            ("folder", "a/b", "/"),
        ],
    )
    def test_mistakes_are_said_at_the_field(
        self, kind: str, value: str, said: str, desk: Client, papers: list[Outlet]
    ) -> None:
        page = saved(desk, papers[0], aliases__1__kind=kind, aliases__1__value=value)
        formset = page.context["inline_admin_formsets"][0].formset
        [error] = formset.forms[1].errors["value"]
        assert said in error or not said.isascii() or "主机" in error
        assert papers[0].aliases.count() == 1

    def test_a_host_moves_from_one_outlet_to_another(
        self, desk: Client, papers: list[Outlet], write_article: Callable[..., Path], tmp_path: Path
    ) -> None:
        papers[0].aliases.all().delete()
        saved(desk, papers[1], aliases__1__kind="host", aliases__1__value="p0.example")
        path = write_article(tmp_path / "tree/1.md", url="https://p0.example/new")
        run_import([path])
        assert Article.objects.get(url="https://p0.example/new").outlet == papers[1]


class TestMerging:
    def test_everything_moves_and_old_addresses_redirect(
        self, desk: Client, papers: list[Outlet], boss: User
    ) -> None:
        saved(desk, papers[2], slug="weekly")
        page = merge(desk, papers)
        text = page.content.decode()
        assert "报纸0 (paper-0)" in text
        assert text.index("报纸0 (paper-0)") < text.index("报纸2 (weekly)")
        PendingChange.objects.all().delete()
        job = done(confirmed(desk, page, target=str(papers[1].pk)))
        assert (job.status, job.done, job.total) == ("finished", 4, 4), job.message
        [left] = Outlet.objects.filter(name__startswith="报纸")
        assert left == papers[1]
        assert left.articles.count() == 6
        assert set(left.aliases.values_list("value", flat=True)) == {
            "p0.example",
            "p1.example",
            "p2.example",
        }
        for slug in ("paper-0", "paper-2", "weekly"):
            assert Client().get(f"/outlets/{slug}/")["Location"] == "/outlets/paper-1/"
        assert {article.headline for article in Article.objects.all()} == {
            f"第{n}则" for n in range(6)
        }
        assert PendingChange.objects.count() == 4
        follow_changes()
        assert Client().get("/api/search?q=新闻&outlet=paper-1").json()["count"] == 6
        assert not Article.history.exclude(outlet=left).exists()
        assert AuditEntry.objects.get(action="merge").user == boss

    def test_one_is_not_enough(self, desk: Client, papers: list[Outlet]) -> None:
        assert merge(desk, papers[:1]).status_code == 302
        assert not Job.objects.exists()

    def test_not_while_an_import_is_running(self, desk: Client, papers: list[Outlet]) -> None:
        job = job_of(confirmed(desk, merge(desk, papers[:2]), target=str(papers[0].pk)))
        run = ImportRun.objects.create()
        with claimed(run):
            merge(desk, papers[:2])
            assert Job.objects.count() == 1
            assert do(job).status == "failed"
            assert job.message
            assert Outlet.objects.filter(pk=papers[1].pk).exists()
        desk.post(f"/admin/articles/job/{job.pk}/continue/")
        job.refresh_from_db()
        assert do(job).status == "finished"

    def test_an_import_that_began_meanwhile_keeps_the_outlet_until_its_end(
        self, desk: Client, papers: list[Outlet], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = job_of(confirmed(desk, merge(desk, papers[:2]), target=str(papers[0].pk)))
        answers = iter([False, True])
        with monkeypatch.context() as patched:
            patched.setattr("articles.jobs._merging.is_importing", lambda: next(answers))
            assert do(job).status == "failed"
        assert Article.objects.filter(outlet=papers[0]).count() == 5
        assert Outlet.objects.filter(pk=papers[1].pk).exists()
        assert papers[0].aliases.filter(value="p1.example").exists()
        desk.post(f"/admin/articles/job/{job.pk}/continue/")
        job.refresh_from_db()
        assert do(job).status == "finished"
        assert not Outlet.objects.filter(pk=papers[1].pk).exists()

    def test_it_takes_an_editor(self, papers: list[Outlet], person: Callable[..., User]) -> None:
        client = Client()
        client.force_login(person("reader", "view_outlet", "view_article"))
        merge(client, papers, post="yes", target=str(papers[0].pk))
        assert not Job.objects.exists()
