"""``verify_index`` finds every difference between index and database, and repairs just those."""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from haystack import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from articles.models import Article, Outlet, PendingChange
from search import verifying
from search.documents import Document
from search.engines.base import IndexLockedError, engine
from search.finding import find_articles
from search.indexing import documents, follow_changes, rebuild
from search.verifying import Comparison, compare, repair

Manage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def followed(archive: list[Article]) -> list[Article]:
    """Articles whose index agrees and to whom nothing is pending."""
    follow_changes()
    return archive


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_index", "--jobs=1", *arguments, stdout=out)
    return out.getvalue()


def index_as(*changed: Document) -> None:
    """Have the index hold other documents than the articles give."""
    engine().replace([d.id for d in changed], lambda _ids: changed)


def document_of(article: Article, **fields: Any) -> Document:
    (true,) = documents([article.pk])
    kept = {name: getattr(true, name) for name in ("id", "outlet", "published_at", "title", "text")}
    return Document(**{**kept, **fields})


def change_behind_the_outbox(article: Article, **changes: Any) -> None:
    """Change a row as nothing of ours does."""
    Article.objects.filter(pk=article.pk).update(**changes)
    PendingChange.objects.all().delete()


def forget_article(article: Article) -> None:
    """Delete a row behind everybody's back."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM articles_article WHERE id = %s", [article.pk])


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have ``act`` done when the first document of the index has been read."""
    turns = iter([True])

    def read_and_acted() -> Iterator[Document]:
        for document in engine().documents():
            if next(turns, False):
                act()
            yield document

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return read_and_acted if name == "documents" else getattr(engine(), name)

    monkeypatch.setattr(verifying, "engine", Busy)


def agrees(article_count: int) -> bool:
    return verify() == (
        "missing 0\nstray 0\nchanged 0\npending 0\n"
        f"Index and database agree ({article_count} articles).\n"
    )


class TestAgreeing:
    def test_an_index_that_was_just_built(self, followed: list[Article]) -> None:
        assert agrees(30)

    def test_nothing_at_all(self, db: None) -> None:
        rebuild()
        assert agrees(0)

    def test_the_sample(self, manage: Manage) -> None:
        assert manage("import_articles", "sample", "--jobs=1").returncode == 0
        done = manage("verify_index")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("Index and database agree (54 articles).\n")


class TestDifferences:
    @pytest.mark.parametrize(
        "change",
        [
            {"title": "别的标题"},
            {"text": "别的正文"},
            {"text": ""},
            {"published_at": None},
            {"title": "第0则新闻 "},
        ],
    )
    def test_an_article_changed_behind_the_outbox(
        self, followed: list[Article], change: dict[str, Any]
    ) -> None:
        change_behind_the_outbox(followed[0], **change)
        # A space at its end does not change a title's search form.
        expected = [] if change == {"title": "第0则新闻 "} else [followed[0].pk]
        assert compare() == Comparison(articles=30, changed=expected)

    def test_another_outlet(self, followed: list[Article]) -> None:
        other = Outlet.objects.create(slug="other", name="别家")
        change_behind_the_outbox(followed[3], outlet=other)
        assert compare().changed == [followed[3].pk]

    @pytest.mark.parametrize(
        "fields",
        [
            {"title": "旧标题"},
            {"text": "旧正文"},
            {"outlet": 999},
            {"published_at": None},
            {"title": "", "text": "第0则新闻\n台湾新闻的内容0"},
        ],
    )
    def test_a_document_that_says_something_else(
        self, followed: list[Article], fields: dict[str, Any]
    ) -> None:
        index_as(document_of(followed[0], **fields))
        assert compare() == Comparison(articles=30, changed=[followed[0].pk])

    def test_a_moment_of_difference(self, followed: list[Article]) -> None:
        published = document_of(followed[5]).published_at
        assert published
        index_as(document_of(followed[5], published_at=published + timedelta(microseconds=1)))
        assert compare().changed == [followed[5].pk]

    def test_a_document_too_few(self, followed: list[Article]) -> None:
        engine().replace([followed[0].pk, followed[-1].pk], lambda _ids: [])
        assert compare().missing == [followed[0].pk, followed[-1].pk]

    def test_a_document_too_many(self, followed: list[Article]) -> None:
        index_as(document_of(followed[0], id=10**12), document_of(followed[0], id=10**6))
        assert compare().stray == [10**6, 10**12]

    def test_an_article_deleted_behind_the_outbox(self, followed: list[Article]) -> None:
        forget_article(followed[7])
        assert compare() == Comparison(articles=29, stray=[followed[7].pk])

    def test_a_document_that_is_there_twice(self, followed: list[Article]) -> None:
        """No public door makes one: an engine that went wrong might."""
        twice = [*engine().documents(), document_of(followed[4])]
        twice.sort(key=lambda document: document.id)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(type(engine()), "documents", lambda _self: iter(twice))
            assert compare().changed == [followed[4].pk]

    def test_an_index_and_an_archive_that_share_nothing(self, followed: list[Article]) -> None:
        engine().rebuild(lambda: [10**9], lambda _ids: [document_of(followed[0], id=10**9)])
        assert compare() == Comparison(
            articles=30, missing=[article.pk for article in followed], stray=[10**9]
        )


class TestPending:
    def test_what_is_noted_is_no_difference(self, followed: list[Article]) -> None:
        followed[0].title = "改过的标题"
        followed[0].save()
        deleted = followed[1].pk
        followed[1].delete()
        added = Article.objects.create(
            outlet=followed[0].outlet, title="新", url="https://n.example", original_url="x"
        )
        # Noted, and not different.
        followed[2].save()
        assert compare() == Comparison(articles=30, pending=[followed[0].pk, deleted, added.pk])
        assert "pending 3" in verify()
        follow_changes()
        assert agrees(30)

    def test_it_hides_no_difference(self, followed: list[Article]) -> None:
        followed[0].title = "改过的标题"
        followed[0].save()
        index_as(document_of(followed[1], text="别的"))
        assert compare() == Comparison(
            articles=30, changed=[followed[1].pk], pending=[followed[0].pk]
        )

    @pytest.mark.parametrize("edits", [1, 12])
    def test_an_edit_indexed_meanwhile_is_no_difference(
        self, followed: list[Article], monkeypatch: pytest.MonkeyPatch, edits: int
    ) -> None:
        """So many edits are followed that the engine writes small segments anew."""

        def edit_and_follow() -> None:
            for number in range(edits):
                followed[9 + number % 5].title = f"刚刚改过{number}"
                followed[9 + number % 5].save()
                follow_changes()

        meanwhile(monkeypatch, edit_and_follow)
        index_as(document_of(followed[20], text="真的不同"))
        assert compare() == Comparison(articles=30, changed=[followed[20].pk])
        assert not PendingChange.objects.exists()

    def test_a_rebuild_meanwhile(
        self, followed: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meanwhile(monkeypatch, rebuild)
        index_as(document_of(followed[20], text="mended by the rebuild"))
        assert compare() == Comparison(articles=30)


class TestFix:
    def test_it_repairs_what_differs_and_nothing_else(
        self, followed: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change_behind_the_outbox(followed[0], title="背后改的标题")
        engine().replace([followed[1].pk], lambda _ids: [])
        index_as(document_of(followed[2], id=10**9))
        forget_article(followed[3])
        differing = [followed[0].pk, followed[1].pk, followed[3].pk, 10**9]
        with pytest.raises(CommandError, match="--fix") as caught:
            verify()
        assert caught.value.returncode == 1
        replaced: list[int] = []
        replace = type(engine()).replace

        def seen(self: Any, ids: Any, load: Any, **options: Any) -> None:
            replaced.extend(ids)
            replace(self, ids, load, **options)

        with monkeypatch.context() as patch:
            patch.setattr(type(engine()), "replace", seen)
            assert verify("--fix").endswith("repaired 4\n")
        assert replaced == differing
        assert agrees(29)
        assert [r.article.pk for r in find_articles("背后改的").results] == [followed[0].pk]

    def test_nothing_to_repair(self, followed: list[Article]) -> None:
        assert "agree" in verify("--fix")

    def test_the_first_ids_are_told(self, followed: list[Article]) -> None:
        engine().rebuild(list, documents)
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_index", stdout=out)
        first = ", ".join(str(article.pk) for article in followed[:10])
        assert f"missing 30 (articles that the index does not have): {first}, …\n" in out.getvalue()

    @pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "truncated"])
    def test_an_index_that_cannot_be_read(
        self, followed: list[Article], index_folder: Path, damage: str
    ) -> None:
        if damage in ("missing", "empty"):
            shutil.rmtree(index_folder)
        if damage == "empty":
            index_folder.mkdir()
        for path in index_folder.rglob("*"):
            if path.is_file():
                path.write_bytes(b"\xff" * 99 if damage == "garbage" else path.read_bytes()[:50])
        connections.reload("default")
        with pytest.raises(CommandError, match="--fix") as caught:
            verify()
        assert caught.value.returncode == 1
        out = verify("--fix")
        assert out.endswith("indexed 30\n")
        assert agrees(30)

    def test_any_one_file_cut_off(self, followed: list[Article], index_folder: Path) -> None:
        """Whichever it is: the difference is said, or the damage; ``--fix`` mends either."""
        good = index_folder.with_name(index_folder.name + "-good")
        shutil.copytree(index_folder, good)
        for path in sorted(good.rglob("*")):
            if not path.is_file():
                continue
            shutil.rmtree(index_folder)
            shutil.copytree(good, index_folder)
            (index_folder / path.relative_to(good)).write_bytes(path.read_bytes()[:-1][:40])
            connections.reload("default")
            verify("--fix")
            connections.reload("default")
            assert agrees(30), path

    def test_somebody_else_is_writing(
        self, followed: list[Article], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine().replace([followed[0].pk], lambda _ids: [])

        def locked(*_args: Any, **_options: Any) -> None:
            raise IndexLockedError

        monkeypatch.setattr(type(engine()), "replace", locked)
        with pytest.raises(CommandError, match="try again later"):
            verify("--fix")

    @given(data=st.data())
    @settings(
        max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    def test_any_mixture_is_found_and_repaired(
        self, followed: list[Article], data: st.DataObject
    ) -> None:
        random.seed()  # hypothesis seeds it for each example; Whoosh names segments by it
        pks = [article.pk for article in followed]
        subset = st.sets(st.sampled_from(pks), max_size=8)
        missing, changed = data.draw(subset), data.draw(subset)
        stray = data.draw(st.sets(st.integers(10**6, 10**12), max_size=4))
        changed -= missing
        engine().replace(sorted(missing), lambda _ids: [])
        index_as(
            *(document_of(followed[pks.index(pk)], text="别的") for pk in sorted(changed)),
            *(Document(pk, 1, None, "多余", "多余") for pk in sorted(stray)),
        )
        found = compare()
        assert (found.missing, found.stray, found.changed) == (
            sorted(missing),
            sorted(stray),
            sorted(changed),
        )
        repair(found.differing)
        assert not compare().differing
