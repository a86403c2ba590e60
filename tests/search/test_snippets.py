"""Snippets: escaped first, marked afterwards, and nothing in them that is not in the article."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.query import Piece
from search.snippets import marked, snippet
from search.text import fold, with_gaps
from search.understanding import understand

PAYLOADS = [
    'a<b 测试 "><svg/onload=alert(1)//',
    "<script>alert('测试')</script>",
    "&lt;script&gt;测试&amp;lt;",
    "</mark><img src=x onerror=alert(1)>测试",
    "<mark>测试</mark>",
    "测试\u2028<b>\x00&#x3c;b&#62;",
    "<测试><测试 测试='测试'>",
    "&测试;&测试&amp",
]
writing = st.text(
    st.one_of(
        st.sampled_from("国國安法台臺湾灣习習近平natoNATOＮ35-。！？\n 　，"),
        st.sampled_from("<>&\"'/=;#xmark"),
        st.characters(),
    ),
    max_size=400,
)
long_writing = st.lists(
    st.sampled_from(
        [
            "别的话。" * 60,
            "台灣，",
            "国安法。",
            "習近平",
            "NATO ",
            "F-35",
            "<b>&\n",
            "…",
            "，还有" * 40,
        ]
    ),
    max_size=12,
).map("".join)
typed = st.text(st.sampled_from("国國安法台臺湾灣习平natoＮ35- <>&mark\"'"), max_size=12)


def pieces_of(query: str) -> list[Piece]:
    return [piece for text in understand(query).texts for piece in text.pieces]


def shown_form(text: str) -> str:
    return with_gaps(fold(text)).strip()


class Elements(HTMLParser):
    """Collects every tag, comment and the like."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self.depth = self.deepest = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"<{tag} {attrs}>")
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}>")
        self.depth -= 1

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}")


def check_harmless(shown: str) -> None:
    """Nothing but marks, in pairs, one after the other; no bare sign that HTML knows."""
    parser = Elements()
    parser.feed(shown)
    parser.close()
    assert set(parser.found) <= {"<mark []>", "</mark>"}
    assert parser.depth == 0
    assert parser.deepest <= 1
    bare = without_marks(shown)
    assert not set(bare) & set("<>\"'")
    assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;|#39;)", bare)


def without_marks(shown: str) -> str:
    return shown.replace("<mark>", "").replace("</mark>", "")


def texts_marked(shown: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<mark>(.*?)</mark>", shown, re.DOTALL)]


class TestMarked:
    @pytest.mark.parametrize("text", PAYLOADS)
    @pytest.mark.parametrize("query", ["测试", "script", "mark", "b", "没有"])
    def test_escapes(self, text: str, query: str) -> None:
        for shown in (marked(text, pieces_of(query)), snippet(text, pieces_of(query))):
            check_harmless(shown)
        assert html.unescape(without_marks(marked(text, pieces_of(query)))) == text

    @pytest.mark.parametrize(
        ("text", "query", "found"),
        [
            ("香港國安法生效", "国安法", ["國安法"]),
            ("香港国安法生效", "國安法", ["国安法"]),
            ("臺灣與台灣与台湾", "台湾", ["臺灣", "台灣", "台湾"]),
            ("ＮＡＴＯ、nato、natoo", "Nato", ["ＮＡＴＯ", "nato"]),
            ("F-35A与350", "35", ["35"]),
            ("国家关于安全法的修订", "国家安全法修订", ["国家", "安全法", "修订"]),
            ("国家安全法修订", "国家安全法修订", ["国家安全法修订"]),
            ("重重重复", "重", ["重重重"]),
            ("什么", "没有", []),
        ],
    )
    def test_every_match(self, text: str, query: str, found: list[str]) -> None:
        assert texts_marked(marked(text, pieces_of(query))) == found
        assert texts_marked(snippet(text, pieces_of(query))) == found

    @given(writing, typed)
    def test_is_the_text(self, text: str, query: str) -> None:
        shown = marked(text, pieces_of(query))
        check_harmless(shown)
        assert html.unescape(without_marks(shown)) == html.unescape(html.escape(text))

    @given(writing, typed)
    def test_marks_what_holds_a_piece_and_nothing_else(self, text: str, query: str) -> None:
        pieces = pieces_of(query)
        shown = marked(text, pieces)
        is_there = any(piece.is_in(fold(text)) for piece in pieces)
        assert bool(texts_marked(shown)) == is_there
        for found in texts_marked(shown):
            assert any(shown_form(piece.string) in shown_form(found) for piece in pieces)


class TestSnippet:
    @given(st.one_of(writing, long_writing), typed)
    def test_is_a_part_of_the_text_or_two(self, text: str, query: str) -> None:
        shown = snippet(text, pieces_of(query))
        check_harmless(shown)
        bare = html.unescape(without_marks(shown))
        flat = text.replace("\n", " ")
        begins = range(bare.startswith("…") + 1)
        ends = range(bare.endswith("…") + 1)
        wholes = [bare[begin : len(bare) - end] for begin in begins for end in ends]
        assert any(
            whole in flat
            or any(
                flat.find(whole[cut.end() :], flat.find(whole[: cut.start()]) + cut.start()) > 0
                for cut in re.finditer("…", whole)
                if whole[: cut.start()] in flat
            )
            for whole in wholes
        )

    @given(long_writing, typed)
    @example("台灣，", '"湾<')
    def test_shows_as_many_pieces_as_two_windows_can(self, text: str, query: str) -> None:
        """Two different pieces that are in a text are both in its snippet."""
        pieces = {piece.string: piece for piece in pieces_of(query)}
        there = [piece for piece in pieces.values() if piece.is_in(fold(text))]
        found = snippet(text, there)
        # The gap at a phrase's end must be there, and is not marked.
        bare = [replace(piece, string=piece.string.strip()) for piece in there]
        seen = [p for p in bare if any(p.is_in(fold(t)) for t in texts_marked(found))]
        assert len(seen) >= min(2, len(there))

    @given(writing, typed)
    def test_shows_a_match_where_there_is_one(self, text: str, query: str) -> None:
        pieces = pieces_of(query)
        is_there = any(piece.is_in(fold(text)) for piece in pieces)
        assert bool(texts_marked(snippet(text, pieces))) == is_there

    @given(st.integers(0, 3000), typed)
    def test_finds_the_match_deep_in_a_long_text(self, before: int, query: str) -> None:
        text = "别的话。" * before + "台灣国安法NATO" + "，别的话" * 300
        shown = snippet(text, pieces_of("国安法 台湾"))
        assert texts_marked(shown) == ["台灣国安法"]
        assert len(without_marks(shown)) < 250

    @pytest.mark.parametrize(
        ("text", "query", "found"),
        [
            ("别的话。" * 60_000 + "台灣国安法NATO。" + "别的话。" * 60_000, "国安法", ["国安法"]),
            ("台湾。" + "别的话。" * 60_000 + "国安法。台湾。", "国安法 台湾", ["国安法", "台湾"]),
            ("别的话。" * 50_000 + "国安法", "国安法", ["国安法"]),
            ("别" * 199_999 + "国安法", "国安法", ["国安法"]),
            ("别的话。" * 60_000 + "natoo nato。", "nato", ["nato"]),
            ("别的话。" * 60_000, "国安法", []),
        ],
    )
    def test_finds_a_match_however_deep(self, text: str, query: str, found: list[str]) -> None:
        shown = snippet(text, pieces_of(query))
        assert texts_marked(shown) == found
        assert len(without_marks(shown)) < 250

    def test_begins_at_a_sentence(self) -> None:
        text = "很久以前的一句话。" * 30 + "这一句说到國安法，并且还很长。" + "后来的一句话。" * 30
        shown = snippet(text, pieces_of("国安法"))
        assert re.match("…(很久以前的一句话。){0,3}这一句说到<mark>國安法</mark>", shown)
        assert shown.endswith("。…")

    def test_prefers_the_place_with_most_words(self) -> None:
        text = "只有台湾。" + "别的话。" * 100 + "台湾与国安法都在。" + "别的话。" * 100
        assert texts_marked(snippet(text, pieces_of("台湾 国安法"))) == ["台湾", "国安法"]

    def test_two_words_far_apart_are_two_windows(self) -> None:
        text = (
            "开头。" * 50 + "台灣的一句话。" + "别的话。" * 200 + "这里有國安法。" + "后来。" * 90
        )
        shown = snippet(text, pieces_of("国安法 台湾"))
        assert texts_marked(shown) == ["台灣", "國安法"]
        assert re.fullmatch("…[^…]+…[^…]+…", shown)
        assert len(without_marks(shown)) < 180
        assert snippet(text, pieces_of("台湾")).count("…") == 2

    def test_a_phrase_written_two_ways_is_one_piece(self) -> None:
        text = "国家，安全。" + "别的话。" * 100 + "国家——安全。" + "别的话。" * 100
        assert texts_marked(snippet(text, pieces_of('"国家 安全"'))) == ["国家，安全"]

    def test_the_longest_text_is_searched_in_time(self) -> None:
        """A word in every sentence, and one at the very end."""
        text = "台灣的话。" * 39_990 + "这里有國安法。"
        shown = snippet(text, pieces_of("国安法 台湾"))
        assert set(texts_marked(shown)) == {"台灣", "國安法"}

    def test_without_a_match_is_the_beginning(self) -> None:
        text = "开头的一句话。" * 60
        shown = snippet(text, pieces_of("没有"))
        assert shown.startswith("开头的一句话。")
        assert shown.endswith("…")
        assert snippet("", pieces_of("没有")) == ""

    def test_never_cuts_a_match(self) -> None:
        long_word = "x" * 500
        text = "话。" * 10 + long_word + "话。" * 200
        assert texts_marked(snippet(text, pieces_of(long_word))) == [long_word]
