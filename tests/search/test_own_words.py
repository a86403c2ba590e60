"""The editors' own words: how texts and queries are cut by them, and what that changes."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import jieba
import pytest
from django.test import Client
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from articles.models import Article, Outlet
from search import text
from search.documents import Document
from search.engines.base import Engine, engine
from search.engines.memory import MemoryBackend
from search.engines.whoosh import WhooshBackend
from search.finding import completions, corrections, find_articles
from search.indexing import rebuild
from search.own_words import BadWordsError, add_words, own_words
from search.query import AnyOf, Query
from search.suggesting import suggest
from search.text import NO_WORDS, OwnWords, fold, pieces, segments
from search.understanding import understand
from tests.search.corpus import SAMPLE, Documents, documents, holds_phrase, loader, scan

NAMES = frozenset(["新屋岭", "大埔墟", "奇亚尼", "海湖庄园"])
SENTENCES = {
    "新屋岭": "警方在新屋岭扣留中心拘留示威者",
    "大埔墟": "大埔墟站关闭",
    "奇亚尼": "尼日尔政变领导人奇亚尼",
    "海湖庄园": "海湖庄园会谈",
}
HAN_RUN = re.compile(r"[\u4e00-\u9fd5]+")
WHOLE_SAMPLE = "\n".join(
    fold(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(SAMPLE.rglob("*"))
    if path.is_file()
)
RUNS = sorted(set(HAN_RUN.findall(WHOLE_SAMPLE)))


def parts_of_runs(data: st.DataObject, shortest: int, longest: int) -> str:
    """Draw a part of something that was written."""
    run = data.draw(st.sampled_from(RUNS))
    assume(len(run) >= shortest)
    start = data.draw(st.integers(0, len(run) - shortest))
    return run[start : start + data.draw(st.integers(shortest, longest))]


class TestCutting:
    @pytest.mark.parametrize(("word", "sentence"), SENTENCES.items())
    def test_a_name_stays_whole(self, word: str, sentence: str) -> None:
        assert word not in pieces(sentence)
        assert word in pieces(sentence, NAMES)
        assert word in set(segments(sentence, NAMES)) - set(segments(sentence))

    def test_texts_without_them_are_cut_as_before(self) -> None:
        changed = [
            run
            for run in RUNS
            if not any(name in run for name in NAMES)
            and [*segments(run)] != [*segments(run, NAMES)]
        ]
        assert changed == []

    def test_the_dictionary_of_others_is_not_touched(self) -> None:
        before = list(segments(SENTENCES["大埔墟"]))
        assert list(segments(SENTENCES["大埔墟"], NAMES)) != before
        assert list(segments(SENTENCES["大埔墟"])) == before
        assert list(segments(SENTENCES["大埔墟"], frozenset(["新屋岭"]))) == before

    @given(data=st.data())
    @settings(max_examples=15, deadline=None)
    def test_jieba_and_rjieba_cut_alike(self, data: st.DataObject) -> None:
        """Words that overlap, that are in the dictionary already, that are no words at all."""
        words = frozenset(parts_of_runs(data, 2, 6) for _ in range(data.draw(st.integers(1, 12))))
        assume(all(map(text.can_be_own_word, words)))
        joined = [
            "".join(pair) for pair in zip(sorted(words), sorted(words, reverse=True), strict=True)
        ]
        own_runs = [run for run in RUNS if any(word in run for word in words)]
        for run in [*own_runs, *joined, *data.draw(st.lists(st.sampled_from(RUNS), max_size=200))]:
            # What both do with characters that repeat is a matter of taste, without own words too.
            if len(set(run)) == len(run):
                assert_cut_alike(run, words)

    def test_jieba_and_rjieba_cut_the_sample_alike(self) -> None:
        words = frozenset(run[:4] for run in RUNS[::7] if len(run) >= 4)
        assert len(words) > 200
        for run in RUNS:
            assert_cut_alike(run, words)

    def test_two_words_that_overlap_are_no_tie(self) -> None:
        words = frozenset(["甲乙", "乙丙", "丙丁", "丁戊"])
        for run in ("甲乙丙", "乙丙丁", "甲乙丙丁戊", "丙丁戊"):
            assert_cut_alike(run, words)


def assert_cut_alike(run: str, words: OwnWords) -> None:
    ours = list(segments(run, words)), pieces(run, words)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(text, "jieba", jieba)
        assert (list(segments(run, words)), pieces(run, words)) == ours, run


@pytest.fixture(params=[WhooshBackend, MemoryBackend])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Engine]:
    """Builds an engine with documents and own words."""

    def built(given: Documents, words: OwnWords = NO_WORDS, **options: Any) -> Engine:
        backend: Engine = request.param("default", PATH=tmp_path)
        backend.rebuild(lambda: list(given), loader(given), own_words=words, **options)
        return backend

    return built


def document(pk: int, title: str, content: str = "") -> Document:
    return Document(pk, 1, None, title, content)


class TestIndex:
    def test_knows_its_words(self, build: Callable[..., Engine]) -> None:
        assert build({}).own_words() == NO_WORDS
        backend = build({1: document(1, "题")}, NAMES)
        assert backend.own_words() == NAMES
        backend.replace([1], lambda _ids: [document(1, "新题")])
        assert backend.own_words() == NAMES
        backend.rebuild(lambda: [1], lambda _ids: [document(1, "题")])
        assert backend.own_words() == NO_WORDS

    def test_another_process_s_words_are_seen(self, tmp_path: Path) -> None:
        reader, writer = (WhooshBackend("default", PATH=tmp_path) for _n in range(2))
        for words in (NO_WORDS, NAMES, frozenset(["新屋岭"])):
            writer.rebuild(list, lambda _ids: [], own_words=words)
            assert reader.own_words() == words

    def test_an_index_without_such_an_entry_has_none(self, tmp_path: Path) -> None:
        backend = WhooshBackend("default", PATH=tmp_path)
        backend.rebuild(lambda: [1], lambda _ids: [document(1, "题")])
        [contents] = tmp_path.glob("format*/*.toc")
        records = json.loads(contents.read_bytes().partition(b"\n")[2])
        del records["own_words"]
        written = json.dumps(records).encode()
        contents.write_bytes(b"%08x\n" % zlib.crc32(written) + written)
        older = WhooshBackend("default", PATH=tmp_path)
        assert older.own_words() == NO_WORDS
        assert older.count() == 1

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_is_cut_by_them_by_worker_processes_and_by_edits(
        self, tmp_path: Path, jobs: int
    ) -> None:
        given = {n: document(n, f"第{n}则", SENTENCES["大埔墟"]) for n in range(1, 601)}
        backend = WhooshBackend("default", PATH=tmp_path)
        backend.rebuild(lambda: list(given), Given(given), own_words=NAMES, jobs=jobs)
        assert backend.completions("大埔墟", 3) == ["大埔墟"]
        assert backend.find(asked("大埔墟", NAMES), 0, 1).found[0][1] > 0
        edited = {n: document(n, f"第{n}则", SENTENCES["奇亚尼"]) for n in range(1, 601)}
        backend.replace(list(edited), Given(edited), jobs=jobs)
        assert backend.completions("奇亚", 3) == ["奇亚尼"]
        assert backend.completions("大埔墟", 3) == []

    def test_ranks_by_them(self, build: Callable[..., Engine]) -> None:
        """Without the word, whoever says a part of it most often comes first."""
        given = {
            1: document(1, "甲", "大埔墟站关闭。" + "其他的消息。" * 3),
            2: document(2, "乙", "大埔，大埔，大埔。墟墟墟。他走过大埔墟"),
            3: document(3, "丙", "别的"),
        }
        plain = build(given)
        assert plain.find(asked("大埔墟"), 0, None).found[0][0] == 2
        backend = build(given, NAMES)
        scores = dict(backend.find(asked("大埔墟", NAMES), 0, None).found)
        assert set(scores) == {1, 2}
        assert scores != dict(plain.find(asked("大埔墟"), 0, None).found)

    def test_the_most_alike_share_them(self, build: Callable[..., Engine]) -> None:
        texts = ["他是芒街的人", "我和芒街在一起", *("天气晴朗" for _n in range(5))]
        given = {n: document(n, "题", content) for n, content in enumerate(texts, 1)}
        assert build(given).similar(1, 5) == []
        assert build(given, frozenset(["芒街"])).similar(1, 5) == [2]


class Given:
    """A loader that other processes can be given."""

    def __init__(self, given: Documents) -> None:
        self.given = given

    def __call__(self, ids: Any) -> Iterator[Document]:
        return (self.given[pk] for pk in ids)


def asked(query: str, words: OwnWords = NO_WORDS) -> Query:
    return Query(understand(query, words).condition or AnyOf())


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> tuple[Documents, OwnWords, Engine]:
    """The corpus, its own words, and its index."""
    corpus = documents()
    words = frozenset(run[1:5] for run in RUNS[::9] if len(run) >= 5)
    backend = WhooshBackend("default", PATH=tmp_path_factory.mktemp("words"))
    backend.rebuild(lambda: list(corpus), loader(corpus), own_words=words)
    return corpus, words, backend


class TestRecall:
    """What is found does not depend on words, but for long runs, of which all words must be."""

    @given(data=st.data())
    @settings(max_examples=150, deadline=None)
    def test_short_words_and_phrases(self, backends: Any, data: st.DataObject) -> None:
        corpus, words, backend = backends
        string = parts_of_runs(data, 1, 4)
        found = {pk for pk, _score in backend.find(asked(string, words), 0, None).found}
        assert found == scan(corpus, string)
        phrase = parts_of_runs(data, 1, 12)
        found = {pk for pk, _ in backend.find(asked(f'"{phrase}"', words), 0, None).found}
        assert found == {pk for pk, d in corpus.items() if holds_phrase(d.form, phrase)}

    @given(data=st.data())
    @settings(max_examples=150, deadline=None)
    def test_long_runs(self, backends: Any, data: st.DataObject) -> None:
        corpus, words, backend = backends
        run = parts_of_runs(data, 5, 14)
        found = {pk for pk, _score in backend.find(asked(run, words), 0, None).found}
        cut = pieces(run, words)
        assert found == {pk for pk, d in corpus.items() if all(piece in d.form for piece in cut)}


@pytest.fixture
def articles(db: None) -> list[Article]:
    """Articles that tell of places; not yet indexed."""
    outlet = Outlet.objects.create(slug="paper", name="晨报")
    stories = [
        ("大埔墟站关闭", "大埔墟站关闭，巴士停开"),
        ("旧闻", "他在大埔赶墟，站在路边，看见商店关闭"),
        ("尼日尔政变领导人奇亚尼", "记者见到奇亚尼"),
    ]
    return [
        Article.objects.create(
            outlet=outlet,
            title=title,
            url=f"https://paper.example/{n}",
            original_url=f"https://paper.example/{n}",
            text=content,
            body=f"<p>{content}</p>",
        )
        for n, (title, content) in enumerate(stories)
    ]


class TestPages:
    def test_a_long_run_is_cut_by_the_words_of_the_index(self, articles: list[Article]) -> None:
        rebuild()
        assert find_articles("大埔墟站关闭").count == 2
        add_words(["大埔墟"])
        # The index does not know the word yet, and the query follows the index.
        assert find_articles("大埔墟站关闭").count == 2
        rebuild()
        assert [r.article for r in find_articles("大埔墟站关闭").results] == articles[:1]

    def test_marks_follow_the_same_cut(self, articles: list[Article], client: Client) -> None:
        articles[0].text, articles[0].title = "去大埔墟，再到站。关闭", "别的"
        articles[0].body = f"<p>{articles[0].text}</p>"
        articles[0].save()
        address = articles[0].get_absolute_url()

        def marks() -> list[str]:
            page = client.get(address, {"q": "大埔墟站关闭"}).content.decode()
            return re.findall(r"<mark[^>]*>([^<]+)</mark>", page)

        rebuild()
        assert marks() == ["大埔", "关闭"]
        add_words(["大埔墟"])
        rebuild()
        assert marks() == ["大埔墟", "关闭"]
        [result] = find_articles("大埔墟站关闭").results
        assert "<mark>大埔墟</mark>" in result.snippet

    def test_why_nothing_is_found_follows_the_same_cut(
        self, articles: list[Article], client: Client
    ) -> None:
        add_words(["大埔墟"])
        rebuild()
        page = client.get("/search/", {"q": "大埔墟游泳比赛"}).content.decode()
        assert re.search(r">\s*大埔墟\s*<", page)
        assert not re.search(r">\s*大埔\s*<", page)

    def test_suggestions_and_corrections_know_them(self, articles: list[Article]) -> None:
        rebuild()
        assert completions("奇亚", 3, hidden=()) == []
        assert corrections("奇亚泥", 3, hidden=()) == []
        add_words(["奇亚尼"])
        rebuild()
        assert suggest("奇亚").terms == ["奇亚尼"]
        assert corrections("奇亚泥", 3, hidden=()) == ["奇亚尼"]

    def test_pages_without_an_index(self, articles: list[Article], client: Client) -> None:
        add_words(["大埔墟"])
        assert client.get(articles[0].get_absolute_url(), {"q": "大埔墟"}).status_code == 200


class TestTheList:
    def test_words_that_fold_alike_are_one(self, db: None) -> None:
        assert add_words(["國安法", " 新屋嶺\t", "", "国安法"]) == ["国安法", "新屋嶺"]
        assert add_words(["新屋岭", "大埔墟"]) == ["大埔墟"]
        assert own_words() == {"国安法", "新屋岭", "大埔墟"}

    @pytest.mark.parametrize(
        "bad",
        [
            "字",
            "法" * 21,
            "北约NATO",
            "abc",
            "国 安",
            "国，安",
            "𠮷野家",
            "々々",
            "㐀㐁",
            "\ud800法",
        ],
    )
    def test_words_that_cannot_be(self, db: None, bad: str) -> None:
        with pytest.raises(BadWordsError, match="2"):
            add_words(["国安法", bad])
        assert own_words() == NO_WORDS

    def test_the_longest_and_the_shortest(self, db: None) -> None:
        assert add_words(["法律", "法" * 20, "豈有此理"]) == ["法律", "法" * 20, "豈有此理"]

    def test_there_can_be_five_thousand(self, db: None) -> None:
        characters = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"[:18]
        words = ["".join(word) for word in product(characters, repeat=3)][:5_001]
        with pytest.raises(BadWordsError, match="5001"):
            add_words(words)
        add_words(words[:5_000])
        with pytest.raises(BadWordsError, match="5001"):
            add_words(["不同的词"])
        assert add_words(words[:10]) == []

    def test_the_engine_s_words_are_the_list_s(self, db: None) -> None:
        add_words(["國安法"])
        rebuild()
        assert engine().own_words() == {"国安法"}
