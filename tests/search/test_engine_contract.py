"""What every engine promises, against a plain scan."""

import random
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import text
from search.documents import Document
from search.engines.base import Engine
from search.engines.memory import MemoryBackend
from search.engines.whoosh import WhooshBackend
from search.query import AllOf, Excluding, Query, Sort
from tests.search.corpus import (
    FULL_WIDTH,
    REAL_ARCHIVE,
    Documents,
    asked,
    documents,
    folded_document,
    holds_phrase,
    holds_words,
    ids_of,
    in_capitals,
    in_traditional,
    loader,
    plain,
    real_documents,
    scan,
)

ALL_SORTS = list(Sort)
ENGINES = {"whoosh": WhooshBackend, "memory": MemoryBackend}

Build = Callable[[Documents], Engine]
Writing = Callable[[str], str]
AS_IT_IS_OR_TRADITIONAL: list[Writing] = [str, in_traditional]
ALL_WRITINGS: list[Writing] = [str, in_capitals, in_traditional, lambda s: s.translate(FULL_WIDTH)]


@pytest.fixture(scope="module", params=ENGINES)
def engine_class(request: pytest.FixtureRequest) -> type[Engine]:
    """Each engine in turn: a new one is added to ``ENGINES`` and must pass everything here."""
    return ENGINES[request.param]


@pytest.fixture
def build(engine_class: type[Engine], tmp_path: Path) -> Build:
    """Builds an engine with the given documents."""

    def built(given: Documents) -> Engine:
        backend = engine_class("default", PATH=tmp_path)
        backend.rebuild(lambda: list(given), loader(given))
        return backend

    return built


@pytest.fixture(scope="module")
def corpus() -> Documents:
    return documents()


@pytest.fixture(scope="module")
def backend(
    engine_class: type[Engine], corpus: Documents, tmp_path_factory: pytest.TempPathFactory
) -> Engine:
    """The corpus, some of whose documents were exchanged or deleted."""
    old = {pk: Document(pk, 99, None, "旧标题国安法", "旧内容nato") for pk in corpus}
    stray = {pk: Document(pk, 99, None, "国安法", "nato iphone 15") for pk in range(1, 9)}
    made = engine_class("default", PATH=tmp_path_factory.mktemp("corpus"))
    made.rebuild(lambda: [*old, *stray], loader({**old, **stray}))
    pks = list(corpus)
    for start in range(0, len(pks), 15):
        made.replace(pks[start : start + 15], loader(corpus))
    made.replace(list(stray), lambda _ids: [])
    return made


class TestAgainstAScan:
    def test_every_short_string_of_one_article(self, backend: Engine, corpus: Documents) -> None:
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
        self, backend: Engine, corpus: Documents, data: st.DataObject
    ) -> None:
        document = data.draw(st.sampled_from(list(corpus.values())))
        form = document.form
        start = data.draw(st.integers(0, len(form) - 1))
        query = plain(form[start : start + data.draw(st.integers(1, 8))])
        written = data.draw(st.sampled_from(ALL_WRITINGS))(query)
        expected = scan(corpus, query)
        for sort in ALL_SORTS:
            found = ids_of(backend, asked(plain(written), sort=sort))
            assert len(found) == len(set(found))
            assert set(found) == expected

    @given(data=st.data())
    @settings(max_examples=200)
    def test_several_strings_of_texts(
        self, backend: Engine, corpus: Documents, data: st.DataObject
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
    def test_anything_typed(self, backend: Engine, corpus: Documents, query: str) -> None:
        query = plain(query)
        assert set(ids_of(backend, asked(query))) == scan(corpus, query)

    @given(st.text(max_size=40))
    def test_any_characters(self, backend: Engine, corpus: Documents, query: str) -> None:
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
        self, backend: Engine, corpus: Documents, query: str, titles: set[str]
    ) -> None:
        assert {corpus[pk].title for pk in ids_of(backend, asked(query))} == titles

    @pytest.mark.parametrize("query", ["na", "ato", "5g5", "f-3", "", '，。*"', "没有这样的一句话"])
    def test_nothing(self, backend: Engine, query: str) -> None:
        assert ids_of(backend, asked(query)) == []

    def test_no_words_asked_is_every_article(self, backend: Engine, corpus: Documents) -> None:
        assert set(ids_of(backend, Query())) == set(corpus)
        assert backend.count() == len(corpus)
        assert backend.ids() == set(corpus)


class TestNarrowing:
    @given(data=st.data())
    @settings(max_examples=200)
    def test_by_outlets_and_times(
        self, backend: Engine, corpus: Documents, data: st.DataObject
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
    def test_newest_and_oldest(self, backend: Engine, corpus: Documents, query: str) -> None:
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

    def test_undated_articles_are_not_the_oldest(self, backend: Engine, corpus: Documents) -> None:
        """Nobody who asks for the oldest wants those first of which no time is known."""
        found = ids_of(backend, Query(sort=Sort.OLDEST))
        known = [corpus[pk].published_at is not None for pk in found]
        assert known == sorted(known, reverse=True)

    @pytest.mark.parametrize("sort", ALL_SORTS)
    @pytest.mark.parametrize("size", [1, 3, 7, 20])
    def test_pages_neither_repeat_nor_drop(self, backend: Engine, sort: Sort, size: int) -> None:
        query = asked("一", sort=sort)
        whole = ids_of(backend, query)
        assert len(whole) > 20
        paged: list[int] = []
        for start in range(0, len(whole) + 2 * size, size):
            hits = backend.find(query, start, start + size)
            assert hits.count == len(whole)
            paged += [pk for pk, _score in hits.found]
        assert paged == whole

    def test_scores_fall(self, build: Build) -> None:
        documents = {
            1: Document(1, 1, None, "别的", "台风 " + "其他的话" * 30),
            2: Document(2, 1, None, "台风", "台风 台风 台风"),
            3: Document(3, 1, None, "别的", "台风 台风 台风 " + "其他的话" * 30),
        }
        found = build(documents).find(asked("台风"), 0, None).found
        assert [pk for pk, _score in found] == [2, 3, 1]
        assert found[0][1] > found[1][1] > found[2][1] > 0

    def test_the_run_in_one_piece_comes_first(self, backend: Engine, corpus: Documents) -> None:
        run = "国家安全法修订"
        found = [run in corpus[pk].form for pk in ids_of(backend, asked(run))]
        assert found == sorted(found, reverse=True)
        assert {True, False} == set(found)

    @given(data=st.data())
    def test_any_run_in_one_piece_comes_first(
        self, backend: Engine, corpus: Documents, data: st.DataObject
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

    def test_even_when_scattered_pieces_score_higher(self, build: Build) -> None:
        documents = {
            1: Document(1, 1, None, "别的", "这里讲国家安全法修订。" + "很多其他的话，" * 200),
            2: Document(2, 1, None, "修订 安全法 国家", "国家 安全法 修订 " * 20),
        }
        assert ids_of(build(documents), asked("国家安全法修订")) == [1, 2]


class TestChanges:
    def test_replacing_is_all_there_is(self, build: Build) -> None:
        documents = {pk: Document(pk, 1, None, "旧", f"第{pk}号旧文") for pk in range(1, 11)}
        backend = build(documents)
        changed = {3: Document(3, 2, None, "新", "新文"), 99: Document(99, 1, None, "新", "新文")}
        backend.replace([3, 4, 99, 1000], loader(changed))
        assert backend.ids() == {1, 2, 3, 5, 6, 7, 8, 9, 10, 99}
        assert ids_of(backend, asked("新文")) == [99, 3]
        assert set(ids_of(backend, asked("旧文"))) == {1, 2, 5, 6, 7, 8, 9, 10}
        assert backend.count() == 10

    def test_everything_can_go_and_come_back(self, build: Build) -> None:
        documents = {pk: Document(pk, 1, None, "题", "文") for pk in range(5)}
        backend = build(documents)
        backend.replace(list(documents), lambda _ids: [])
        assert backend.count() == 0
        assert ids_of(backend, asked("文")) == []
        assert backend.ids() == set()
        backend.replace(list(documents), loader(documents))
        assert backend.ids() == set(documents)
        backend.rebuild(list, lambda _ids: [])
        assert backend.count() == 0
        assert ids_of(backend, asked("文")) == []

    def test_a_failing_load_changes_nothing(self, build: Build) -> None:
        documents = {pk: Document(pk, 1, None, "题", "旧文") for pk in range(1, 6)}
        backend = build(documents)

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
            for observer in (backend,):
                assert set(ids_of(observer, asked("旧文"))) == set(documents)
                assert ids_of(observer, asked("新文")) == []
        backend.replace([1], loader({1: Document(1, 1, None, "题", "新文")}))
        assert ids_of(backend, asked("新文")) == [1]


def phrases_of(form: str, data: st.DataObject) -> str:
    """Draw a string of a form, as it stands there; it may begin and end anywhere."""
    start = data.draw(st.integers(0, max(0, len(form) - 1)))
    return form[start : start + data.draw(st.integers(1, 12))]


def quoted(string: str) -> str:
    return '"' + re.sub(r'["“”„]', "，", string) + '"'


class TestPhrases:
    @given(data=st.data())
    @settings(max_examples=400)
    def test_strings_of_texts_as_they_stand_there(
        self, backend: Engine, corpus: Documents, data: st.DataObject
    ) -> None:
        string = phrases_of(data.draw(st.sampled_from(list(corpus.values()))).form, data)
        if not any(map(str.isalnum, string)):
            return
        written = data.draw(st.sampled_from(AS_IT_IS_OR_TRADITIONAL))(string)
        expected = {pk for pk, d in corpus.items() if holds_phrase(d.form, string)}
        assert set(ids_of(backend, asked(quoted(written)))) == expected

    @pytest.mark.parametrize(
        ("query", "texts"),
        [
            ('"国家安全"', {"国家安全的", "国家安全法"}),
            ('"国家 安全"', {"国家，安全", "国家——“安全”"}),
            ("“国家，安全”", {"国家，安全", "国家——“安全”"}),
            ("「安全的」", {"国家安全的"}),
            ('"iphone"', {"iphone 15"}),
            ('"f-35"', {"f-35a f35 f 35", "f-35"}),
            ('"，安全"', {"国家，安全", "国家——“安全”"}),
            ('"全，"', {"国家——“安全”"}),
            ('"的，"', set()),
        ],
    )
    def test_examples(self, build: Build, query: str, texts: set[str]) -> None:
        written = [
            "国家安全的",
            "国家安全法",
            "国家，安全",
            "国家——“安全”",
            "国家\n安全",
            "iphone 15",
            "iphone15",
            "f-35a f35 f 35",
            "f-35",
        ]
        given = {pk: folded_document(pk, 1, None, "题", body) for pk, body in enumerate(written)}
        found = ids_of(build(given), asked(query))
        assert {written[pk] for pk in found} == texts

    def test_never_crosses_from_the_title_into_the_text(self, build: Build) -> None:
        given = {
            1: folded_document(1, 1, None, "国家", "安全"),
            2: folded_document(2, 1, None, "国家 安全", ""),
        }
        assert ids_of(build(given), asked('"国家 安全"')) == [2]
        assert set(ids_of(build(given), asked("国家 安全"))) == {1, 2}


@pytest.fixture(scope="module")
def any_tree(corpus: Documents) -> st.SearchStrategy["Asked"]:
    return trees(corpus)


Predicate = Callable[[Document], bool]
Asked = tuple[str, Predicate]


def trees(corpus: Documents) -> st.SearchStrategy[Asked]:
    """Queries of the language, each with the predicate it stands for."""
    forms = [d.form for d in corpus.values() if d.form.strip()]
    titles = [d.title for d in corpus.values() if d.title]
    days = sorted({d.published_at.date() for d in corpus.values() if d.published_at})

    @st.composite
    def leaf(draw: st.DrawFn) -> Asked:
        kind = draw(st.sampled_from(["word", "word", "phrase", "title", "after", "before", "date"]))
        if kind in ("after", "before", "date"):
            day = draw(st.sampled_from(days))
            return f"{kind}:{day}", partial(_is_published, kind, day)
        source = draw(st.sampled_from(titles if kind == "title" else forms))
        start = draw(st.integers(0, max(0, len(source) - 1)))
        string = source[start : start + draw(st.integers(1, 6))]
        string = string if any(map(str.isalnum, string)) else "国"
        if kind == "phrase":
            return quoted(string), lambda d: holds_phrase(d.form, string)
        string = "，".join(plain(string).split())
        if kind == "title":
            return f"title:{string}", lambda d: holds_words(d.title, string)
        return string, lambda d: holds_words(d.form, string)

    def combined(children: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
        pairs = st.tuples(children, children)
        return st.one_of(
            st.tuples(pairs, st.sampled_from([" ", " AND ", "\u3000"])).map(
                lambda it: (
                    f"({it[0][0][0]}{it[1]}{it[0][1][0]})",
                    lambda d: it[0][0][1](d) and it[0][1][1](d),
                )
            ),
            st.tuples(pairs, st.sampled_from([" OR ", "|", "｜"])).map(
                lambda it: (
                    f"（{it[0][0][0]}{it[1]}{it[0][1][0]}）",
                    lambda d: it[0][0][1](d) or it[0][1][1](d),
                )
            ),
            st.tuples(children, st.sampled_from(["-({})", "NOT ({})", "－（{}）"])).map(
                lambda it: (it[1].format(it[0][0]), lambda d: not it[0][1](d))
            ),
        )

    return st.recursive(leaf(), combined, max_leaves=6)


def _is_published(kind: str, day: date, document: Document) -> bool:
    if document.published_at is None:
        return False
    published = document.published_at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    return (kind == "before" or published >= day) and (kind == "after" or published <= day)


class TestLanguage:
    @given(data=st.data())
    @settings(max_examples=400)
    def test_any_tree(
        self,
        backend: Engine,
        corpus: Documents,
        any_tree: st.SearchStrategy[Asked],
        data: st.DataObject,
    ) -> None:
        query, is_wanted = data.draw(any_tree)
        expected = {pk for pk, document in corpus.items() if is_wanted(document)}
        sort = data.draw(st.sampled_from(ALL_SORTS))
        found = ids_of(backend, asked(query, sort=sort))
        assert len(found) == len(set(found))
        assert set(found) == expected

    def test_what_is_excluded_does_not_rank(self, build: Build) -> None:
        given = {
            1: folded_document(1, 1, None, "题", "台风"),
            2: folded_document(2, 1, None, "题", "台风 台风 台风"),
        }
        plain_scores = dict(build(given).find(asked("台风"), 0, None).found)
        scores = dict(build(given).find(asked("台风 -登陆"), 0, None).found)
        assert scores == pytest.approx(plain_scores)


class TestFacets:
    @given(data=st.data())
    @settings(max_examples=150)
    def test_count_what_the_other_filters_leave(
        self, backend: Engine, corpus: Documents, data: st.DataObject
    ) -> None:
        zone = ZoneInfo(data.draw(st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York"])))
        word = data.draw(st.sampled_from(["一", "的", "台湾", "nato", "没有这个"]))
        times = sorted(d.published_at for d in corpus.values() if d.published_at)
        after, before = (data.draw(st.one_of(st.none(), st.sampled_from(times))) for _ in range(2))
        outlets = frozenset(data.draw(st.sets(st.sampled_from([1, 2, 3, 4, 10, 77]))))
        query = Query(asked(word).condition, outlets, after, before, zone=zone)
        hits = backend.find(query, 0, 3)

        matching = [d for d in corpus.values() if holds_words(d.form, word)]
        theirs = [d for d in matching if not outlets or d.outlet in outlets]
        in_time = [d for d in matching if is_between(d, after, before)]
        local = [d.published_at.astimezone(zone) for d in theirs if d.published_at]
        found = [d for d in theirs if d in in_time]
        local_found = [d.published_at.astimezone(zone) for d in found if d.published_at]
        assert hits.count == len(found)
        assert hits.outlets == Counter(d.outlet for d in in_time)
        assert hits.years == Counter(moment.year for moment in local)
        assert hits.days == Counter(moment.date() for moment in local_found)

    def test_days_begin_where_the_clock_is_changed_at_midnight(self, build: Build) -> None:
        """In 1991 Shanghai had summer time, in Beirut it begins at midnight."""
        moments = [
            datetime(year, month, day, hour, minute, tzinfo=UTC)
            for year, month, day in [(1991, 4, 13), (1991, 9, 14), (2022, 3, 26), (1969, 12, 31)]
            for hour in range(24)
            for minute in (0, 59)
        ]
        given = {
            pk: folded_document(pk, 1, moment, "题", "文") for pk, moment in enumerate(moments)
        }
        for name in ("Asia/Shanghai", "Asia/Beirut", "Pacific/Apia"):
            zone = ZoneInfo(name)
            hits = build(given).find(Query(zone=zone), 0, 0)
            assert hits.days == Counter(moment.astimezone(zone).date() for moment in moments)

    def test_years_that_no_calendar_shows_break_nothing(self, build: Build) -> None:
        moments = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)]
        given = {
            pk: folded_document(pk, 1, moment, "题", "文") for pk, moment in enumerate(moments)
        }
        hits = build(given).find(Query(), 0, None)
        assert hits.count == 2
        assert sum(hits.years.values()) == sum(hits.days.values()) == 2


def is_between(document: Document, after: datetime | None, before: datetime | None) -> bool:
    moment = document.published_at
    if moment is None:
        return after is None and before is None
    return (after is None or moment >= after) and (before is None or moment < before)


class TestVocabulary:
    @pytest.fixture
    def speaking(self, build: Build) -> Engine:
        texts = ["经济发展很快", "经济危机来了，台风也来了", "经济学家谈台风", "台湾 biden nato"]
        return build(
            {pk: folded_document(pk, 1, None, "题", body) for pk, body in enumerate(texts)}
        )

    def test_completions_are_frequent_words(self, speaking: Engine) -> None:
        assert speaking.completions("经", 2)[0] == "经济"
        assert speaking.completions("台", 5) == ["台风", "台湾"]
        assert speaking.completions("na", 5) == ["nato"]
        assert speaking.completions("没有", 5) == []

    def test_corrections_differ_in_one_character(self, speaking: Engine) -> None:
        assert speaking.corrections("经纪", 3) == ["经济"]
        assert speaking.corrections("抬风", 3) == ["台风"]
        assert "biden" in speaking.corrections("bidan", 3)
        assert speaking.corrections("国", 3) == []
        assert speaking.corrections("没有人这样说过", 3) == []

    def test_similar_articles_share_words(self, build: Build) -> None:
        texts = ["台风登陆渔港", "渔港迎来台风", "股市上涨", "股市大跌台风"]
        backend = build(
            {pk: folded_document(pk, 1, None, "题", body) for pk, body in enumerate(texts, 1)}
        )
        assert backend.similar(1, 1) == [2]
        assert 1 not in backend.similar(1, 10)
        assert backend.similar(99, 5) == []


class TestLeftOut:
    """Documents that are left out, however many, for as long as a question says so."""

    @given(data=st.data())
    @settings(max_examples=50)
    def test_as_if_they_were_not_there(
        self, backend: Engine, corpus: Documents, data: st.DataObject
    ) -> None:
        word = data.draw(st.sampled_from(["一", "的", "台湾 国安法", "nato", "-台湾", "没有这个"]))
        outlets = frozenset(data.draw(st.sets(st.sampled_from([1, 2, 10, 77]))))
        after = data.draw(st.sampled_from([None, datetime(2020, 6, 30, 16, tzinfo=UTC)]))
        strangers = st.sampled_from([-5, 0, 3, 10**12, 2**63 - 1])
        without = sorted(data.draw(st.sets(st.one_of(st.sampled_from(list(corpus)), strangers))))
        forms: list[Sequence[int]] = [without, tuple(without), array("q", without)]
        sort = data.draw(st.sampled_from(ALL_SORTS))
        query = Query(asked(word).condition, outlets, after, sort=sort)

        everything = backend.find(query, 0, None)
        hits = backend.find(replace(query, without=data.draw(st.sampled_from(forms))), 0, None)
        assert hits.found == [hit for hit in everything.found if hit[0] not in without]
        assert hits.count == len(hits.found)

        kept = [d for pk, d in corpus.items() if pk not in without]
        matching = [d for d in kept if d.id in set(ids_of(backend, asked(word)))]
        in_time = [d for d in matching if is_between(d, after, None)]
        theirs = [d for d in matching if not outlets or d.outlet in outlets]
        years = [d.published_at.year for d in theirs if d.published_at]
        days = [d.published_at.date() for d in theirs if d in in_time and d.published_at]
        assert hits.outlets == Counter(d.outlet for d in in_time)
        assert hits.years == Counter(years)
        assert hits.days == Counter(days)

    def test_all_of_them(self, backend: Engine, corpus: Documents) -> None:
        everything = sorted(corpus)
        hits = backend.find(Query(without=everything), 0, None)
        assert (hits.count, hits.found, hits.outlets, hits.days) == (0, [], {}, {})
        assert backend.similar(everything[0], 5, without=everything) == []
        assert backend.completions("台", 5, without=everything) == []
        assert backend.corrections("抬湾", 5, without=everything) == []
        assert backend.count() == len(corpus)

    def test_similar_articles(self, backend: Engine, corpus: Documents) -> None:
        pk = next(iter(corpus))
        everything = backend.similar(pk, len(corpus))
        assert len(everything) > 20
        without = sorted([pk, *everything[::2]])
        assert backend.similar(pk, 9, without=without) == everything[1::2][:9]

    @given(data=st.data())
    @settings(max_examples=40)
    def test_words_that_only_they_have(
        self, backend: Engine, corpus: Documents, data: st.DataObject
    ) -> None:
        without = sorted(data.draw(st.sets(st.sampled_from(list(corpus)), min_size=1)))
        kept = [d for pk, d in corpus.items() if pk not in without]
        counts = Counter(term for d in kept for term in set(text.segments(d.text)))
        prefix = data.draw(st.sampled_from(["台", "国", "n", "1", "\U00020bb7", "重复", "没有"]))
        found = backend.completions(prefix, 9, without=without)
        beginning = sorted((-n, term) for term, n in counts.items() if term.startswith(prefix))
        assert found == [term for _n, term in beginning[:9]]
        word = data.draw(st.sampled_from(["抬湾", "国案", "没油", "中锅", "iphoni", "natos"]))
        assert set(backend.corrections(word, 9, without=without)) <= set(counts)


def test_words_of_deleted_articles_are_not_suggested(build: Build) -> None:
    given = {
        1: folded_document(1, 1, None, "题", "台风"),
        2: folded_document(2, 1, None, "题", "台湾"),
    }
    backend = build(given)
    backend.replace([1], lambda _ids: [])
    assert backend.completions("台", 5) == ["台湾"]
    assert backend.corrections("抬风", 5) == []


@pytest.fixture(scope="module")
def real() -> Documents:
    found = real_documents(400)
    assert len(found) > 300
    return found


@pytest.fixture(scope="module")
def engine(real: Documents, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    backend = WhooshBackend("default", PATH=tmp_path_factory.mktemp("real"))
    backend.rebuild(lambda: list(real), loader(real))
    return backend


@pytest.mark.skipif(not REAL_ARCHIVE.exists(), reason="the shared archive is not here")
class TestRealArticles:
    """Thousands of strings of real articles, and not one difference."""

    def strings(self, real: Documents, number: int) -> Iterator[str]:
        chance = random.Random(7)
        forms = [document.form for document in real.values()]
        while number:
            form = chance.choice(forms)
            start = chance.randrange(len(form))
            string = form[start : start + chance.randint(1, 12)]
            if any(map(str.isalnum, string)):
                number -= 1
                yield in_traditional(string) if chance.random() < 0.3 else string

    def test_words(self, engine: Engine, real: Documents) -> None:
        for string in self.strings(real, 1_500):
            query = plain(string)
            assert set(ids_of(engine, asked(query))) == scan(real, query), query

    def test_phrases(self, engine: Engine, real: Documents) -> None:
        for string in self.strings(real, 1_500):
            folded = text.fold(string)
            expected = {
                pk
                for pk, document in real.items()
                if all(part in document.form for part in re.findall(r"[^\W_]+", folded))
                and holds_phrase(document.form, folded)
            }
            assert set(ids_of(engine, asked(quoted(string)))) == expected, string

    def test_trees(self, engine: Engine, real: Documents) -> None:
        few = dict(list(real.items())[::8])
        others = Excluding(AllOf())

        @given(trees(few))
        @settings(max_examples=300)
        def check(tree: Asked) -> None:
            query, is_wanted = tree
            found = set(ids_of(engine, asked(query))) & set(few)
            assert found == {pk for pk, document in few.items() if is_wanted(document)}

        check()
        assert ids_of(engine, Query(others)) == []
