"""Finding articles through haystack, as they change."""

import random
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from articles.models import Article, Outlet, PendingChange
from search import text
from search.documents import Document
from search.engines.base import engine
from search.finding import find_articles
from search.indexing import follow_changes
from search.query import Sort
from tests.search.corpus import ROOT, found_ids, plain, scan

ALL_SORTS = list(Sort)


class TestArticles:
    @pytest.mark.parametrize("sort", ALL_SORTS)
    def test_days_are_days_of_the_archive_s_time_zone(
        self, archive: list[Article], sort: Sort
    ) -> None:
        days = [date(2023, 12, day) for day in (12, 13, 14, 15)]
        for after in [None, *days]:
            for before in [None, *days]:
                expected = {
                    article.pk
                    for article in archive
                    if (not after and not before)
                    or (
                        article.published_at
                        and (not after or timezone.localdate(article.published_at) >= after)
                        and (not before or timezone.localdate(article.published_at) <= before)
                    )
                }
                found = found_ids("台湾", after=after, before=before, sort=sort)
                assert len(found) == len(set(found))
                assert set(found) == expected

    @pytest.mark.parametrize("sort", ALL_SORTS)
    def test_outlets(self, archive: list[Article], sort: Sort) -> None:
        outlets = list(Outlet.objects.filter(slug__in=["paper-0", "paper-2"]))
        found = found_ids("新闻", outlets=outlets, sort=sort)
        assert set(found) == {article.pk for article in archive if article.outlet in outlets}
        unused = Outlet.objects.create(slug="unused", name="没有文章")
        assert found_ids("新闻", outlets=[unused], sort=sort) == []

    def test_edits_and_deletions_are_followed(self, archive: list[Article]) -> None:
        edited, deleted = archive[3], archive[4]
        deleted_pk = deleted.pk
        edited.title, edited.text = "改了的标题", "改了的正文"
        edited.save()
        deleted.delete()
        Outlet.objects.get(slug="paper-2").articles.all().delete()
        assert follow_changes() > 0
        remaining = set(Article.objects.values_list("pk", flat=True))
        assert found_ids("改了的标题 正文") == [edited.pk]
        assert set(found_ids("台湾")) == remaining - {edited.pk}
        assert deleted_pk not in engine().ids()
        assert engine().ids() == remaining
        assert not PendingChange.objects.exists()
        assert follow_changes() == 0

    def test_rows_changed_at_once_are_followed(self, archive: list[Article]) -> None:
        changed = Article.objects.filter(pk__in=[archive[1].pk, archive[2].pk])
        assert changed.update(text="一次改了两篇") == 2
        assert PendingChange.objects.count() == 2
        follow_changes()
        assert set(found_ids("一次改了两篇")) == {archive[1].pk, archive[2].pk}

    def test_a_crowd_of_edits_is_followed(self, archive: list[Article]) -> None:
        for n in range(15):
            article = archive[n]
            article.text = f"第{n}次修改"
            article.save()
            follow_changes()
            assert found_ids(f"第{n}次修改") == [article.pk]
        assert engine().ids() == {article.pk for article in archive}
        assert set(found_ids("次修改")) == {article.pk for article in archive[:15]}
        assert set(found_ids("台湾")) == {article.pk for article in archive[15:]}

    @pytest.mark.parametrize("sort", ALL_SORTS)
    def test_an_article_deleted_but_not_yet_followed_is_not_shown(
        self, archive: list[Article], sort: Sort
    ) -> None:
        pk = archive[5].pk
        archive[5].delete()
        page = find_articles("新闻", sort=sort, page_size=100)
        assert pk not in [result.article.pk for result in page.results]
        assert len(page.results) == len(archive) - 1

    def test_the_imported_sample_is_found_as_a_scan_finds_it(
        self, transactional_db: None, index_folder: Path
    ) -> None:
        call_command("import_articles", str(ROOT / "sample"), jobs=1, json=True)
        articles = list(Article.objects.all())
        assert len(articles) > 50
        assert engine().ids() == {article.pk for article in articles}
        folded = {
            article.pk: Document(
                article.pk,
                0,
                None,
                " ".join(text.fold(article.title).split()),
                text.fold(article.text),
            )
            for article in articles
        }
        chance = random.Random(1)
        for _ in range(150):
            form = folded[chance.choice(articles).pk].form
            start = chance.randrange(len(form))
            query = plain(form[start : start + chance.randint(1, 8)])
            assert set(found_ids(query)) == scan(folded, query), query
