"""The engine against a plain scan, and what becomes of it when files, locks and processes break."""

import contextlib
import html
import json
import os
import random
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import opencc
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from haystack import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.models import Article, Outlet, PendingChange
from search import text
from search.documents import Document
from search.engines.base import IndexLockedError, IndexUnavailableError, engine
from search.engines.whoosh import WhooshBackend
from search.finding import find_articles
from search.indexing import follow_changes, rebuild
from search.query import AllOf, AnyOf, Query, Sort
from search.text import fold
from search.understanding import understand

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[2]
OTHER_PROCESS = Path(__file__).with_name("other_process.py")
ALL_SORTS = list(Sort)

Documents = dict[int, Document]


SAMPLE = Path(__file__).parents[2] / "sample" / "articles"
DIFFICULT = [
    ("國安法二讀", "立法會通過國安法。\n衞生署：台灣、臺灣、裏面、裡面"),
    ("国安法二读", "立法会通过国安法。\n卫生署：台湾、台湾、里面、里面"),
    ("国家安全法修订", "草案公布"),
    ("修订草案", "关于国家，安全法\n的讨论。国家安全另有其法"),
    ("北约 NATO 峰会", "ＮＡＴＯ与nat、natoo、nato-2023，Ｆ－35、F-35A、F350、elf-35"),
    ("iPhone15发布", "iphone 15 与 iPhone15Pro，15寸，2015年，covid-19 COVID19"),
    ("カタカナ東京オリンピック", "ひらがな和汉字한국대통령mixed脚本"),
    ("习", "近平"),
    ("习近平", "习 近平\n近平"),
    ("", "没有标题"),
    ("没有正文", ""),
    ("标点", "，。！？…—“”《》*\"'()[]{}<>&%$#@_^~`|\\/"),
    ("重复重复重复", "重复" * 50 + "\n" + "法" * 30),
    ("长" * 300, "x" * 250 + " " + "9" * 250),
    ("𠮷野家𪜀", "扩展区汉字𠮷、兼容字豈、々〇"),
    ("a_b a-b a--b", "a.b a/b a b ab -ab- é e\u0301 ß ẞ İ ΑΣ"),
]


def _sample() -> list[tuple[int, datetime | None, str, str]]:
    folders = sorted(path for path in SAMPLE.iterdir() if path.is_dir())
    found: list[tuple[int, datetime | None, str, str]] = []
    for outlet, folder in enumerate(folders, start=1):
        for path in sorted(folder.iterdir()):
            head, _dashes, body = path.read_text(encoding="utf-8").partition("\n------\n")
            time = re.search(r"<!--(\d+)-->", head)
            blocks = re.sub(r"</?(?:p|h\d|li|ul|ol|tr|table|div|br|blockquote)\b[^>]*>", "\n", body)
            text = html.unescape(re.sub(r"<[^>]*>", "", blocks))
            lines = (" ".join(line.split()) for line in text.splitlines())
            published = datetime.fromtimestamp(int(time[1]) / 1000, UTC) if time else None
            title = head.rpartition("](")[0].rpartition("\n")[2].removeprefix("[")
            found.append((outlet, published, title, "\n".join(filter(None, lines))))
    return found


@pytest.fixture(scope="module")
def corpus() -> Documents:
    """Documents by id: half of the difficult ones at one moment, some undated."""
    moments = [datetime(2020, 6, 30, 16, tzinfo=UTC), None]
    difficult = [
        (10 + number % 3, moments[number % 2], title, text)
        for number, (title, text) in enumerate(DIFFICULT)
    ]
    return {
        pk: Document(pk, outlet, published, " ".join(fold(title).split()), fold(text))
        for pk, (outlet, published, title, text) in enumerate(_sample() + difficult, start=100)
    }


def loader(documents: Documents) -> Callable[[Sequence[int]], list[Document]]:
    return lambda ids: [documents[pk] for pk in ids if pk in documents]


def build(folder: Path, documents: Documents) -> WhooshBackend:
    backend = WhooshBackend("default", PATH=folder)
    backend.rebuild(lambda: list(documents), loader(documents))
    return backend


def asked(query: str, **options: Any) -> Query:
    return Query(understand(query).condition or AnyOf(), **options)


def ids_of(backend: WhooshBackend, query: Query) -> list[int]:
    hits = backend.find(query, 0, None)
    assert hits.count == len(hits.found)
    return [pk for pk, _score in hits.found]


@pytest.fixture(scope="module")
def backend(corpus: Documents, tmp_path_factory: pytest.TempPathFactory) -> WhooshBackend:
    """The corpus in several segments, some of whose documents were exchanged or deleted."""
    old = {pk: Document(pk, 99, None, "旧标题国安法", "旧内容nato") for pk in corpus}
    stray = {pk: Document(pk, 99, None, "国安法", "nato iphone 15") for pk in range(1, 9)}
    everything = {**old, **stray}
    made = build(tmp_path_factory.mktemp("corpus"), everything)
    pks = list(corpus)
    for start in range(0, len(pks), 15):
        made.replace(pks[start : start + 15], loader(corpus))
    made.replace(list(stray), lambda _ids: [])
    return made


# The oracle: a scan that knows no grams, no index and no engine.


@cache
def is_unspaced(character: str) -> bool:
    scripts_with_spaces = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")
    name = unicodedata.name(character, "")
    return character.isalnum() and not name.startswith(scripts_with_spaces)


def continues(character: str, neighbour: str) -> bool:
    """Tell whether a token goes on from one character to the next one."""
    if not neighbour or is_unspaced(character) or is_unspaced(neighbour):
        return False
    if character.isdecimal():
        return neighbour.isdecimal()
    return neighbour.isalnum() and not neighbour.isdecimal()


def holds(form: str, piece: str) -> bool:
    start = form.find(piece)
    while start >= 0:
        end = start + len(piece)
        before, after = form[start - 1 : start] if start else "", form[end : end + 1]
        if not continues(piece[0], before) and not continues(piece[-1], after):
            return True
        start = form.find(piece, start + 1)
    return False


def plain(query: str) -> str:
    """Return ``query`` with punctuation in the place of what means something in the language."""
    query = re.sub(r'[()（）|｜"“”„＂「」『』《》:：]', "，", query)
    query = re.sub(r"(?:^|(?<=\s))[-－]+", "，", query)
    return re.sub(r"\b(OR|AND|NOT)\b", lambda match: match[0].lower(), query)


def scan(documents: Documents, query: str) -> set[int]:
    """Return the ids of documents that hold all words of ``query``, by the promised rules."""
    strings: list[str] = []
    for word in text.words(text.fold(query)):
        short = sum(map(is_unspaced, word)) <= 4
        strings += [word] if short else text.pieces(word)
    if not strings:
        return set()
    return {
        pk
        for pk, document in documents.items()
        if all(holds(f"{document.title}\n{document.text}", string) for string in strings)
    }


@cache
def traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


class TestAgainstAScan:
    def test_every_short_string_of_one_article(
        self, backend: WhooshBackend, corpus: Documents
    ) -> None:
        """Not a sample: all 1- to 4-character strings of some articles."""
        for document in list(corpus.values())[::14]:
            line = max(document.text.split("\n"), key=len)[:60]
            for length in (1, 2, 3, 4):
                for start in range(len(line) - length + 1):
                    query = plain(line[start : start + length])
                    assert set(ids_of(backend, asked(query))) == scan(corpus, query), query

    @given(data=st.data())
    @settings(max_examples=400)
    def test_strings_of_texts(
        self, backend: WhooshBackend, corpus: Documents, data: st.DataObject
    ) -> None:
        document = data.draw(st.sampled_from(list(corpus.values())))
        form = document.form
        start = data.draw(st.integers(0, len(form) - 1))
        query = plain(form[start : start + data.draw(st.integers(1, 8))])
        written = data.draw(
            st.sampled_from(
                [str, str.upper, traditional().convert, lambda string: string.translate(FULL_WIDTH)]
            )
        )(query)
        expected = scan(corpus, query)
        for sort in ALL_SORTS:
            found = ids_of(backend, asked(plain(written), sort=sort))
            assert len(found) == len(set(found))
            assert set(found) == expected

    @given(data=st.data())
    @settings(max_examples=200)
    def test_several_strings_of_texts(
        self, backend: WhooshBackend, corpus: Documents, data: st.DataObject
    ) -> None:
        parts = []
        document = data.draw(st.sampled_from(list(corpus.values())))
        for _ in range(data.draw(st.integers(2, 4))):
            if data.draw(st.booleans()):
                document = data.draw(st.sampled_from(list(corpus.values())))
            start = data.draw(st.integers(0, len(document.form) - 1))
            parts.append(document.form[start : start + data.draw(st.integers(1, 8))])
        query = plain(data.draw(st.sampled_from([" ", "", "，", "-", "\u3000"])).join(parts))
        assert set(ids_of(backend, asked(query))) == scan(corpus, query)

    @given(
        st.text(
            st.sampled_from("国安法國習习近平台湾疫nato15f-35é_ 。*\"'(){}[]:+-^~?&|\\/カー한𠮷"),
            max_size=12,
        )
    )
    @settings(max_examples=300)
    def test_anything_typed(self, backend: WhooshBackend, corpus: Documents, query: str) -> None:
        query = plain(query)
        assert set(ids_of(backend, asked(query))) == scan(corpus, query)

    @given(st.text(max_size=40))
    def test_any_characters(self, backend: WhooshBackend, corpus: Documents, query: str) -> None:
        query = plain(query)
        assert set(ids_of(backend, asked(query))) == scan(corpus, query)

    @pytest.mark.parametrize(
        ("query", "titles"),
        [
            ("国安法", {"国安法二读"}),
            ("國安法", {"国安法二读"}),
            ("nat", {"北约 nato 峰会"}),
            ("ＮＡＴＯ", {"北约 nato 峰会"}),
            ("iphone", {"iphone15发布"}),
            ("习近", {"习近平"}),
            ("国家安全法修订", {"国家安全法修订", "修订草案"}),
        ],
    )
    def test_examples(
        self, backend: WhooshBackend, corpus: Documents, query: str, titles: set[str]
    ) -> None:
        assert {corpus[pk].title for pk in ids_of(backend, asked(query))} == titles

    @pytest.mark.parametrize("query", ["na", "ato", "5g5", "f-3", "", '，。*"', "没有这样的一句话"])
    def test_nothing(self, backend: WhooshBackend, query: str) -> None:
        assert ids_of(backend, asked(query)) == []

    def test_no_words_asked_is_every_article(
        self, backend: WhooshBackend, corpus: Documents
    ) -> None:
        assert set(ids_of(backend, Query())) == set(corpus)
        assert backend.count() == len(corpus)
        assert backend.ids() == set(corpus)


FULL_WIDTH = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


class TestNarrowing:
    @given(data=st.data())
    @settings(max_examples=200)
    def test_by_outlets_and_times(
        self, backend: WhooshBackend, corpus: Documents, data: st.DataObject
    ) -> None:
        times = sorted(d.published_at for d in corpus.values() if d.published_at)
        moment = st.one_of(
            st.none(),
            st.builds(
                lambda time, microseconds: time + timedelta(microseconds=microseconds),
                st.sampled_from(times),
                st.integers(-1, 1),
            ),
        )
        outlets = frozenset(data.draw(st.sets(st.sampled_from([1, 2, 3, 4, 10, 11, 12, 77]))))
        after, before = data.draw(moment), data.draw(moment)
        query = data.draw(st.sampled_from(["", "一", "的", "国", "台湾", "nato"]))
        expected = {
            pk
            for pk in (scan(corpus, query) if query else set(corpus))
            if (not outlets or corpus[pk].outlet in outlets)
            and (
                not after or (corpus[pk].published_at or datetime.min.replace(tzinfo=UTC)) >= after
            )
            and (
                not before or (corpus[pk].published_at or datetime.max.replace(tzinfo=UTC)) < before
            )
        }
        condition = asked(query).condition if query else AllOf()
        found = Query(condition, outlets=outlets, after=after, before=before)
        assert set(ids_of(backend, found)) == expected


class TestOrder:
    @pytest.mark.parametrize("query", ["一", "的", "国", ""])
    def test_newest_and_oldest(self, backend: WhooshBackend, corpus: Documents, query: str) -> None:
        expected = scan(corpus, query) if query else set(corpus)
        condition = asked(query).condition if query else AllOf()
        dated = {pk: corpus[pk].published_at for pk in expected if corpus[pk].published_at}
        assert dated
        newest_first = sorted(dated, key=lambda pk: (dated[pk], pk), reverse=True)
        undated = sorted(expected - set(dated), reverse=True)
        assert ids_of(backend, Query(condition, sort=Sort.NEWEST)) == newest_first + undated
        oldest = ids_of(backend, Query(condition, sort=Sort.OLDEST))
        assert [pk for pk in oldest if pk in dated] == newest_first[::-1]
        assert set(oldest) == expected

    def test_undated_articles_are_not_the_oldest(
        self, backend: WhooshBackend, corpus: Documents
    ) -> None:
        """Nobody who asks for the oldest wants those first of which no time is known."""
        found = ids_of(backend, Query(sort=Sort.OLDEST))
        known = [corpus[pk].published_at is not None for pk in found]
        assert known == sorted(known, reverse=True)

    @pytest.mark.parametrize("sort", ALL_SORTS)
    def test_does_not_depend_on_who_asks(self, backend: WhooshBackend, sort: Sort) -> None:
        again = WhooshBackend("default", PATH=backend._folder._path)
        for query in ("一", "的", "国家安全", "nato 北约", "iphone 15"):
            whole = backend.find(asked(query, sort=sort), 0, None)
            assert again.find(asked(query, sort=sort), 0, None) == whole
            assert backend.find(asked(query, sort=sort), 0, None) == whole

    @pytest.mark.parametrize("sort", ALL_SORTS)
    @pytest.mark.parametrize("size", [1, 3, 7, 20])
    def test_pages_neither_repeat_nor_drop(
        self, backend: WhooshBackend, sort: Sort, size: int
    ) -> None:
        query = asked("一", sort=sort)
        whole = ids_of(backend, query)
        assert len(whole) > 20
        paged: list[int] = []
        for start in range(0, len(whole) + 2 * size, size):
            hits = backend.find(query, start, start + size)
            assert hits.count == len(whole)
            paged += [pk for pk, _score in hits.found]
        assert paged == whole

    def test_scores_fall(self, tmp_path: Path) -> None:
        documents = {
            1: Document(1, 1, None, "别的", "台风 " + "其他的话" * 30),
            2: Document(2, 1, None, "台风", "台风 台风 台风"),
            3: Document(3, 1, None, "别的", "台风 台风 台风 " + "其他的话" * 30),
        }
        found = build(tmp_path, documents).find(asked("台风"), 0, None).found
        assert [pk for pk, _score in found] == [2, 3, 1]
        assert found[0][1] > found[1][1] > found[2][1] > 0

    def test_the_run_in_one_piece_comes_first(
        self, backend: WhooshBackend, corpus: Documents
    ) -> None:
        run = "国家安全法修订"
        found = [run in corpus[pk].form for pk in ids_of(backend, asked(run))]
        assert found == sorted(found, reverse=True)
        assert {True, False} == set(found)

    @given(data=st.data())
    def test_any_run_in_one_piece_comes_first(
        self, backend: WhooshBackend, corpus: Documents, data: st.DataObject
    ) -> None:
        document = data.draw(st.sampled_from(list(corpus.values())))
        runs = re.findall(r"[\u4e00-\u9fff]{5,}", document.form)
        run = data.draw(st.sampled_from(runs or ["国家安全法修订"]))
        start = data.draw(st.integers(0, len(run) - 5))
        query = run[start : start + data.draw(st.integers(5, 8))]
        if len(text.pieces(query)) < 2:
            return
        whole = [query in corpus[pk].form for pk in ids_of(backend, asked(query))]
        assert whole[0]
        assert whole == sorted(whole, reverse=True)

    def test_even_when_scattered_pieces_score_higher(self, tmp_path: Path) -> None:
        documents = {
            1: Document(1, 1, None, "别的", "这里讲国家安全法修订。" + "很多其他的话，" * 200),
            2: Document(2, 1, None, "修订 安全法 国家", "国家 安全法 修订 " * 20),
        }
        assert ids_of(build(tmp_path, documents), asked("国家安全法修订")) == [1, 2]


class TestChanges:
    def test_replacing_is_all_there_is(self, tmp_path: Path) -> None:
        documents = {pk: Document(pk, 1, None, "旧", f"第{pk}号旧文") for pk in range(1, 11)}
        backend = build(tmp_path, documents)
        changed = {3: Document(3, 2, None, "新", "新文"), 99: Document(99, 1, None, "新", "新文")}
        backend.replace([3, 4, 99, 1000], loader(changed))
        assert backend.ids() == {1, 2, 3, 5, 6, 7, 8, 9, 10, 99}
        assert ids_of(backend, asked("新文")) == [99, 3]
        assert set(ids_of(backend, asked("旧文"))) == {1, 2, 5, 6, 7, 8, 9, 10}
        assert backend.count() == 10

    def test_everything_can_go_and_come_back(self, tmp_path: Path) -> None:
        documents = {pk: Document(pk, 1, None, "题", "文") for pk in range(5)}
        backend = build(tmp_path, documents)
        backend.replace(list(documents), lambda _ids: [])
        assert backend.count() == 0
        assert ids_of(backend, asked("文")) == []
        assert backend.ids() == set()
        backend.replace(list(documents), loader(documents))
        assert backend.ids() == set(documents)
        backend.rebuild(list, lambda _ids: [])
        assert backend.count() == 0
        assert ids_of(backend, asked("文")) == []

    def test_many_small_edits_keep_the_truth_and_few_segments(self, tmp_path: Path) -> None:
        chance = random.Random(8)
        truth = {pk: Document(pk, 1, None, f"标题{pk}", "初稿") for pk in range(1, 41)}
        backend = build(tmp_path, truth)
        reader = WhooshBackend("default", PATH=tmp_path)
        for edit in range(35):
            pk = chance.randint(1, 50)
            truth.pop(pk, None)
            if chance.random() < 0.8:
                truth[pk] = Document(pk, edit, None, f"标题{pk}", f"第{edit}稿 修改")
            backend.replace([pk], loader(truth))
            for query in ("初稿", "修改", f"第{edit}稿", "标题"):
                assert set(ids_of(reader, asked(query))) == scan(truth, query)
            assert reader.ids() == set(truth)
            assert len(list(tmp_path.glob("format*-*/*.arrays"))) <= 10
        assert len(list(tmp_path.glob("format*-*"))) == 1

    def test_a_failing_load_changes_nothing(self, tmp_path: Path) -> None:
        documents = {pk: Document(pk, 1, None, "题", "旧文") for pk in range(1, 6)}
        backend = build(tmp_path, documents)

        def fail(ids: Sequence[int]) -> Iterator[Document]:
            yield Document(ids[0], 1, None, "题", "新文")
            raise OSError(28, "No space left on device")

        acts: tuple[Callable[[], None], ...] = (
            lambda: backend.replace([1, 2], fail),
            lambda: backend.rebuild(lambda: [1, 2], fail),
        )
        for act in acts:
            with pytest.raises(OSError, match="No space"):
                act()
            for observer in (backend, WhooshBackend("default", PATH=tmp_path)):
                assert set(ids_of(observer, asked("旧文"))) == set(documents)
                assert ids_of(observer, asked("新文")) == []
        backend.replace([1], loader({1: Document(1, 1, None, "题", "新文")}))
        assert ids_of(backend, asked("新文")) == [1]


ARTICLES = 30


@pytest.fixture
def archive(db: None) -> list[Article]:
    """Thirty articles, one an hour around midnight in Shanghai, the last undated; indexed."""
    outlets = [Outlet.objects.create(slug=f"paper-{n}", name=f"报纸{n}") for n in range(3)]
    start = datetime(2023, 12, 13, 0, 30, tzinfo=UTC)
    made = [
        Article.objects.create(
            outlet=outlets[n % 3],
            title=f"第{n}则新闻",
            url=f"https://paper.example/{n}",
            original_url=f"https://paper.example/{n}",
            published_at=start + timedelta(hours=n) if n < ARTICLES - 1 else None,
            text=f"台灣新闻的内容{n}",
            body=f"<p>台灣新闻的内容{n}</p>",
        )
        for n in range(ARTICLES)
    ]
    rebuild()
    return made


def found_ids(query: str, **options: Any) -> list[int]:
    """Page to the end and return all ids, having checked the count on the way."""
    ids: list[int] = []
    page = 1
    while True:
        results = find_articles(query, page=page, page_size=7, **options)
        ids += [result.article.pk for result in results.results]
        if not results.results:
            assert results.count == len(ids)
            return ids
        page += 1


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
        assert len(page.results) == ARTICLES - 1

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


def damage_missing(folder: Path) -> None:
    shutil.rmtree(folder)


def damage_empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def damage_no_pointer(folder: Path) -> None:
    (folder / "current").unlink()


def damage_pointer(folder: Path) -> None:
    (folder / "current").write_bytes(b"\xff\xfe\x00garbage")


def damage_pointer_away(folder: Path) -> None:
    (folder / "current").write_text("../../../etc")


def damage_no_generation(folder: Path) -> None:
    for generation in folder.glob("format*-*"):
        shutil.rmtree(generation)


def damage_files(folder: Path, change: Callable[[bytes], bytes]) -> None:
    for path in folder.glob("format*-*/*"):
        path.write_bytes(change(path.read_bytes()))


def damage_emptied(folder: Path) -> None:
    damage_files(folder, lambda _data: b"")


def damage_truncated(folder: Path) -> None:
    damage_files(folder, lambda data: data[: len(data) // 2])


def damage_garbage(folder: Path) -> None:
    damage_files(folder, lambda data: random.Random(len(data)).randbytes(len(data)))


def damage_by_another_version(folder: Path) -> None:
    pointer = folder / "current"
    generation = folder / pointer.read_text()
    generation.rename(folder / "format999-1")
    pointer.write_text("format999-1")


DAMAGES = [
    damage_missing,
    damage_empty,
    damage_no_pointer,
    damage_pointer,
    damage_pointer_away,
    damage_no_generation,
    damage_emptied,
    damage_truncated,
    damage_garbage,
    damage_by_another_version,
]


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_told_and_mended(
        self,
        archive: list[Article],
        index_folder: Path,
        client: Client,
        damage: Callable[[Path], None],
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        for ask in (engine().count, engine().ids, lambda: engine().find(asked("新闻"), 0, 10)):
            with pytest.raises(IndexUnavailableError):
                ask()
        response = client.get("/search/", {"q": "新闻"})
        assert response.status_code == 503
        assert "python manage.py rebuild_index" in response.content.decode()
        for address in ("/", "/articles/", f"/articles/{archive[0].pk}/", "/outlets/", "/search/"):
            assert client.get(address).status_code == 200
        health = client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["database"] == "ok"
        assert "rebuild_index" in health.json()["index"]

        assert follow_changes() == ARTICLES
        assert set(found_ids("台湾")) == {article.pk for article in archive}
        assert client.get("/healthz").json() == {
            "status": "ok",
            "database": "ok",
            "index": "ok",
            "pending": 0,
            "indexed": ARTICLES,
        }
        assert client.get("/search/", {"q": "新闻"}).status_code == 200

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_mended_by_a_rebuild(
        self, archive: list[Article], index_folder: Path, damage: Callable[[Path], None]
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        call_command("rebuild_index", jobs=1)
        assert set(found_ids("台湾")) == {article.pk for article in archive}
        assert len(list(index_folder.glob("format*-*"))) == 1

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_does_not_lose_an_edit(
        self, archive: list[Article], index_folder: Path, damage: Callable[[Path], None]
    ) -> None:
        damage(index_folder)
        connections.reload("default")
        archive[0].text = "坏了之后的修改"
        archive[0].save()
        follow_changes()
        assert found_ids("坏了之后的修改") == [archive[0].pk]

    @pytest.mark.parametrize("kind", ["missing", "empty", "truncated"])
    def test_of_any_file_never_passes_for_fewer_results(
        self, corpus: Documents, tmp_path: Path, kind: str
    ) -> None:
        """An index that cannot be read says so; it does not say that there is nothing."""
        documents = {pk: corpus[pk] for pk in list(corpus)[::2]}
        whole = build(tmp_path / "whole", documents)
        whole.replace(list(documents)[:5], loader(documents))
        queries = [
            asked("一"),
            asked("国家安全法修订"),
            asked("的", outlets=frozenset({1, 2})),
            asked("的", after=datetime(2022, 1, 1, tzinfo=UTC), sort=Sort.NEWEST),
        ]
        truth = [set(ids_of(whole, query)) for query in queries]
        wrong: set[str] = set()
        for path in sorted((tmp_path / "whole").glob("format*-*/*")):
            copy = Path(shutil.copytree(tmp_path / "whole", tmp_path / "copy"))
            damaged = copy / path.relative_to(tmp_path / "whole")
            if kind == "missing":
                damaged.unlink()
            else:
                size = 0 if kind == "empty" else damaged.stat().st_size // 2
                damaged.write_bytes(damaged.read_bytes()[:size])
            reader = WhooshBackend("default", PATH=copy)
            for query, expected in zip(queries, truth, strict=True):
                with contextlib.suppress(IndexUnavailableError):
                    if set(ids_of(reader, query)) != expected:
                        wrong.add(
                            re.sub(r"^articles_[^.]*?(?=\.|_[a-z]+_len|_stored)", "", path.name)
                        )
            with contextlib.suppress(IndexUnavailableError):
                if reader.ids() != set(documents):
                    wrong.add(re.sub(r"^articles_[^.]*?(?=\.|_[a-z]+_len|_stored)", "", path.name))
            shutil.rmtree(copy)
        assert wrong == set()

    def test_what_health_calls_well_can_be_searched(
        self, archive: list[Article], index_folder: Path, client: Client
    ) -> None:
        """Whichever file is cut off: where searching answers 503, so does /healthz."""
        good = index_folder.with_name(index_folder.name + "-good")
        shutil.copytree(index_folder, good)
        disagreeing = set()
        for path in sorted(good.glob("format*-*/*")):
            shutil.rmtree(index_folder)
            shutil.copytree(good, index_folder)
            (index_folder / path.relative_to(good)).write_bytes(b"")
            connections.reload("default")
            searching = client.get("/search/", {"q": "台湾新闻的内容"}).status_code
            if searching != client.get("/healthz").status_code:
                disagreeing.add(path.suffixes[-1] if path.suffix != ".col" else path.name[25:])
        assert disagreeing == set()


@contextlib.contextmanager
def other_process(*arguments: str | Path, kill: bool = False) -> Iterator["subprocess.Popen[str]"]:
    """Run another process on an index; it is where it should be when the block begins."""
    process = subprocess.Popen(
        [sys.executable, OTHER_PROCESS, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "newsarchive.settings",
            "NEWSARCHIVE_DATA": str(django_settings.DATA_DIR),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        if kill:
            process.kill()
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        process.wait(timeout=60)


class TestOtherProcesses:
    def test_a_lock_held_elsewhere_is_told_and_loses_nothing(
        self, archive: list[Article], index_folder: Path, client: Client
    ) -> None:
        archive[0].text = "锁住时的修改"
        archive[0].save()
        archive[1].delete()
        with other_process("lock", index_folder):
            for act in (follow_changes, rebuild):
                with pytest.raises(IndexLockedError):
                    act()
            assert PendingChange.objects.count() == 2
            assert client.get("/search/", {"q": "新闻"}).status_code == 200
            assert len(find_articles("台湾", page_size=100).results) == ARTICLES - 1
        assert follow_changes() == 2
        assert found_ids("锁住时的修改") == [archive[0].pk]
        assert engine().count() == ARTICLES - 1

    def test_a_killed_holder_frees_the_lock(self, tmp_path: Path) -> None:
        backend = build(tmp_path, {1: Document(1, 1, None, "题", "文")})
        with other_process("lock", tmp_path) as process:
            with pytest.raises(IndexLockedError):
                backend.replace([1], lambda _ids: [])
            process.kill()
            process.wait()
            backend.replace([1], lambda _ids: [])
        assert backend.count() == 0

    @pytest.mark.parametrize(
        ("action", "where", "has_new"),
        [
            ("rebuild", "loading", False),
            ("rebuild", "before the commit", False),
            ("rebuild", "before the switch", False),
            ("rebuild", "after the switch", True),
            ("replace", "loading", False),
            ("replace", "before the commit", False),
            ("replace", "after the commit", True),
        ],
    )
    def test_a_writer_killed_leaves_an_index_that_serves(
        self, tmp_path: Path, action: str, where: str, has_new: bool
    ) -> None:
        old = {pk: Document(pk, 1, None, "旧索引", "旧的内容") for pk in range(1, 61)}
        open_reader = build(tmp_path, old)
        assert len(ids_of(open_reader, asked("旧的"))) == 60
        with other_process(action, tmp_path, where, kill=True):
            pass
        for reader in (open_reader, WhooshBackend("default", PATH=tmp_path)):
            new_ids = set(ids_of(reader, asked("新的")))
            old_ids = set(ids_of(reader, asked("旧的")))
            assert new_ids == (set(range(1, 41)) if has_new else set())
            if has_new and action == "rebuild":
                assert old_ids == set()
            else:
                assert old_ids == set(old) - new_ids
        newest = {pk: Document(pk, 1, None, "更新", "最新的话") for pk in range(1, 71)}
        open_reader.replace([1, 70], loader(newest))
        assert set(ids_of(open_reader, asked("最新"))) == {1, 70}
        open_reader.rebuild(lambda: list(newest), loader(newest))
        assert set(ids_of(open_reader, asked("最新"))) == set(newest)
        assert len(list(tmp_path.glob("format*-*"))) == 1

    def test_a_search_never_sees_less_while_others_write(self, tmp_path: Path) -> None:
        documents = {pk: Document(pk, 1, None, "题", f"第{pk}则新闻") for pk in range(1, 301)}
        backend = build(tmp_path, documents)
        with other_process("search", tmp_path) as searching:
            for turn in range(8):
                backend.rebuild(lambda: list(documents), loader(documents))
                for pk in range(turn + 1, turn + 12):
                    backend.replace([pk], loader(documents))
            assert searching.stdin
            assert searching.stdout
            searching.stdin.close()
            seen = json.loads(searching.stdout.readline())
        assert seen["searches"] > 0
        assert seen["errors"] == []
        assert seen["fewest"] == 300


class TestRaces:
    """A reader at the worst moment, made certain."""

    def test_the_generation_goes_between_its_name_and_its_opening(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        documents = {pk: Document(pk, 1, None, "题", "新闻") for pk in range(1, 6)}
        writer = build(tmp_path, documents)
        reader = WhooshBackend("default", PATH=tmp_path)
        current = reader._folder.current
        turns = iter([True])

        def current_then_rebuilt() -> Path:
            path = current()
            if next(turns, False):
                writer.rebuild(lambda: list(documents), loader(documents))
            return path

        monkeypatch.setattr(reader._folder, "current", current_then_rebuilt)
        assert len(ids_of(reader, asked("新闻"))) == 5

    def test_a_segment_goes_between_the_contents_and_its_opening(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from whoosh.index import FileIndex

        documents = {pk: Document(pk, 1, None, "题", "新闻") for pk in range(1, 6)}
        writer = build(tmp_path, documents)
        reader = WhooshBackend("default", PATH=tmp_path)
        open_reader = FileIndex._reader.__func__
        turns = iter([True])

        def rewritten_then_opened(cls: Any, storage: Any, *args: Any, **options: Any) -> Any:
            if next(turns, False):
                writer.replace(list(documents), loader(documents))
            return open_reader(cls, storage, *args, **options)

        monkeypatch.setattr(FileIndex, "_reader", classmethod(rewritten_then_opened))
        assert len(ids_of(reader, asked("新闻"))) == 5
