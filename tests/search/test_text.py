"""Folding and cutting: one character for each, jieba's cuts, and grams that never lose a text."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jieba
import opencc
import pytest
import rjieba
from hypothesis import example, given
from hypothesis import strategies as st

from search.text import (
    LONGEST_GRAM,
    fold,
    gap_grams,
    grams,
    is_unspaced,
    occurrences,
    pieces,
    required_grams,
    segments,
    words,
)

SAMPLE = Path(__file__).parents[2] / "sample" / "articles"
HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")

any_text = st.text(max_size=60)
"""Every character there is, lone surrogates too."""
common_han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
newsprint = st.text(
    st.one_of(
        st.sampled_from("国家安全法修订案台湾香港著名什么习近平疫情的一不了"),
        st.sampled_from("國會臺灣裏裡麼著後髮發為爲衛衞"),
        st.sampled_from("abZＺ09５ -‐_々〇カーｱ한ßéßΣİ²½٣ǅ\n，。「」·"),
        st.characters(),
    ),
    max_size=24,
)


@cache
def sample_texts() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(SAMPLE.rglob("*.md"))]


class TestFold:
    @given(any_text)
    @example("İstanbul ΑΣ ς ǅ K Å ﬁ")
    @example("".join(map(chr, range(0xF900, 0xFB00))))
    def test_keeps_every_position(self, text: str) -> None:
        assert len(fold(text)) == len(text)

    @given(any_text, any_text)
    @example("Α", "Σ")
    @example("ΑΣ", "Α")
    @example("ΑΣ", " ")
    def test_folds_each_character_by_itself(self, left: str, right: str) -> None:
        assert fold(left + right) == fold(left) + fold(right)

    @given(any_text)
    def test_changes_nothing_the_second_time(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    def test_these_hold_for_every_single_character(self) -> None:
        for code in range(0x110000):
            folded = fold(chr(code))
            assert len(folded) == 1, hex(code)
            assert fold(folded) == folded, hex(code)

    @pytest.mark.parametrize(
        ("written", "folded"),
        [
            ("國安法", "国安法"),
            ("ＮＡＴＯ", "nato"),
            ("ＮａＴｏ２０２３", "nato2023"),
            ("（ＡＩ）！？：；，", "(ai)!?:;,"),
            ("全　角", "全 角"),
            ("臺灣 台灣 台湾", "台湾 台湾 台湾"),
            ("裏面 裡面", "里面 里面"),
            ("衞生 衛生", "卫生 卫生"),
            ("羣眾 群衆", "群众 群众"),
            ("綫上 線上", "线上 线上"),
            ("峯會 峰會", "峰会 峰会"),
            ("爲了 為了", "为了 为了"),
            ("立法會 蔡英文 習近平", "立法会 蔡英文 习近平"),
            ("什么", "什么"),
            ("什麼", "什么"),
            ("隨著 接著", "随着 接着"),
            ("著名", "着名"),
            ("ﾆﾕｰｽ ⼈⽣", "ニユース 人生"),
            ("f‐35 f‑35", "f-35 f-35"),
            ("Kelvin", "kelvin"),
            ("豈 (compatibility)", "岂 (compatibility)"),
        ],
    )
    def test_makes_one_of_what_readers_take_for_one(self, written: str, folded: str) -> None:
        assert fold(written) == folded

    def test_leaves_simplified_text_as_it_is(self) -> None:
        everyday = "什么了解一只后来干部面对发现只是里面台风系统制度复杂范围松树"
        assert fold(everyday) == everyday

    @pytest.mark.parametrize("configuration", ["t2s", "hk2s", "tw2s"])
    def test_is_opencc_s_own_conversion_of_each_character(self, configuration: str) -> None:
        """Where OpenCC changes a character, the two have one fold; else the twin would hide."""
        converter = opencc.OpenCC(configuration)
        apart = []
        for code in [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0x20000, 0x2A6E0)]:
            old = chr(code)
            new = converter.convert(old)
            if len(new) == 1 and fold(old) != fold(new):
                apart.append(old + new)
        # Words of everyday Simplified (什么, 著名), and two fish and jaws that t2s knows better.
        assert set(apart) <= {"著着", "么幺", "顎腭", "鯰鲇"}

    def test_changes_only_what_opencc_changes(self) -> None:
        converters = [opencc.OpenCC(name) for name in ("t2s", "hk2s", "tw2s")]
        reachable = {}
        for code in range(0x4E00, 0xA000):
            old = chr(code)
            forms = {old}
            for _ in range(3):
                forms |= {c.convert(form) for c in converters for form in forms}
            reachable[old] = forms
        assert [old for old, forms in reachable.items() if fold(old) not in forms] == []

    def test_agrees_with_opencc_s_phrases_on_real_text(self) -> None:
        converter = opencc.OpenCC("t2s")
        characters = differing = 0
        for text in sample_texts():
            whole = fold(converter.convert(text))
            assert len(whole) == len(text)
            characters += len(text)
            differing += sum(a != b for a, b in zip(whole, fold(text), strict=True))
        assert characters > 30_000
        assert differing <= characters / 1000


class TestJieba:
    """rjieba is an accelerator only while it is jieba to the letter."""

    @given(st.text(common_han, min_size=1, max_size=40))
    def test_cuts_for_searching_as_jieba_does(self, run: str) -> None:
        assert list(rjieba.cut_for_search(run)) == list(jieba.cut_for_search(run))

    @given(st.text(common_han, min_size=1, max_size=40))
    def test_cuts_as_jieba_does(self, run: str) -> None:
        assert list(rjieba.cut(run)) == list(jieba.cut(run))

    @given(st.text(st.sampled_from("".join(dict.fromkeys("".join(sample_texts())))), max_size=30))
    def test_cuts_the_sample_s_characters_as_jieba_does(self, text: str) -> None:
        for run in HAN_RUN.findall(fold(text)):
            assert list(rjieba.cut_for_search(run)) == list(jieba.cut_for_search(run))
            assert list(rjieba.cut(run)) == list(jieba.cut(run))

    def test_cuts_every_run_of_the_sample_as_jieba_does(self) -> None:
        runs = {run for text in sample_texts() for run in HAN_RUN.findall(fold(text))}
        assert len(runs) > 2000
        for run in runs:
            assert list(rjieba.cut_for_search(run)) == list(jieba.cut_for_search(run))
            assert list(rjieba.cut(run)) == list(jieba.cut(run))


class TestWords:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", []),
            ("   ", []),
            ("，。！“”《》…—*\"'()[]{}?", []),
            ("-", []),
            ("_", []),
            ("新冠 疫情", ["新冠", "疫情"]),
            ("新冠，疫情。", ["新冠", "疫情"]),
            ("习近平·拜登", ["习近平", "拜登"]),
            ("f-35战机", ["f-35战机"]),
            ("战机f-35", ["战机f-35"]),
            ("-f-35-", ["f-35"]),
            ("iphone15", ["iphone15"]),
            ("covid-19 who", ["covid-19", "who"]),
            ("a_b", ["a", "b"]),
            ("5g网络", ["5g网络"]),
            ("カタカナー", ["カタカナー"]),
            ("한국 대통령", ["한국", "대통령"]),
            ("a--b", ["a", "b"]),
        ],
    )
    def test_stand_between_spaces_and_punctuation(self, query: str, found: list[str]) -> None:
        assert words(query) == found

    @given(newsprint)
    def test_are_strings_of_the_query_in_its_order(self, query: str) -> None:
        folded = fold(query)
        position = 0
        for word in words(folded):
            position = folded.index(word, position) + len(word)

    @given(newsprint)
    def test_leave_out_no_letter_and_no_digit(self, query: str) -> None:
        folded = fold(query)
        assert "".join(filter(str.isalnum, folded)) == "".join(
            filter(str.isalnum, "".join(words(folded)))
        )


class TestPieces:
    @pytest.mark.parametrize(
        ("word", "found"),
        [
            ("疫", ["疫"]),
            ("习近", ["习近"]),
            ("安全法案", ["安全法案"]),
            ("国家安全法修订", ["国家", "安全法", "修订"]),
            ("f-35战机", ["f-35战机"]),
            ("nato", ["nato"]),
            ("iphone15", ["iphone15"]),
            ("abc国家安全法修订", ["abc", "国家", "安全法", "修订"]),
        ],
    )
    def test_cut_only_long_runs(self, word: str, found: list[str]) -> None:
        assert pieces(word) == found

    @given(newsprint)
    def test_are_strings_of_the_word(self, query: str) -> None:
        for word in words(fold(query)):
            found = pieces(word)
            assert found
            assert len(found) == len(set(found))
            assert all(piece and piece in word for piece in found)

    @given(newsprint)
    def test_cover_the_word(self, query: str) -> None:
        for word in words(fold(query)):
            assert set(filter(str.isalnum, word)) == set(filter(str.isalnum, "".join(pieces(word))))


class TestGrams:
    def test_are_characters_pairs_and_parts(self) -> None:
        assert set(grams("国安法 f-35a")) == {"国", "安", "法", "国安", "安法", "f", "35", "a"}

    @given(newsprint)
    @example("")
    @example("𠮷野家・ＡＢ１２")
    def test_are_all_in_the_text_and_once(self, text: str) -> None:
        folded = fold(text)
        found = list(grams(folded))
        assert all(gram in folded for gram in found)
        assert len(set(found)) == len(found) == len(grams(folded))
        assert set(filter(is_unspaced, folded)) <= set(found)

    def test_of_a_piece_are_the_fewest(self) -> None:
        assert required_grams("国安法") == {"国安", "安法"}
        assert required_grams("法") == {"法"}
        assert required_grams("f-35战机") == {"f", "35", "战机"}

    def test_do_not_grow_without_end(self) -> None:
        assert set(grams("x" * 5000)) == {"x" * LONGEST_GRAM}

    @given(newsprint, newsprint, newsprint)
    @example("nat", "", "o")
    @example("f-", "35", "a")
    @example("", "²", "½")
    @example("カ", "ー", "")
    @example("", "x" * 150, "y")
    def test_of_a_piece_are_in_every_text_that_holds_it(
        self, before: str, middle: str, after: str
    ) -> None:
        for word in words(fold(middle)):
            for piece in pieces(word):
                for text in (fold(before) + piece + fold(after), fold(before + middle + after)):
                    if occurrences(piece).search(text):
                        assert required_grams(piece) <= grams(text)

    @given(st.sampled_from(sample_texts()), st.data())
    def test_of_any_string_of_an_article_are_in_its_grams(
        self, text: str, data: st.DataObject
    ) -> None:
        folded = fold(text)
        start = data.draw(st.integers(0, len(folded) - 1))
        string = folded[start : start + data.draw(st.integers(1, 12))]
        for word in words(string):
            if occurrences(word).search(folded):
                assert required_grams(word) <= grams(folded)


class TestGapGrams:
    def test_are_what_stands_around_gaps(self) -> None:
        assert gap_grams("国安，法律 f-35。x") == {"安 法", "律 f", "f 35", "35 x"}

    @pytest.mark.parametrize("character", ["x", "9"])
    def test_of_a_run_without_end(self, character: str) -> None:
        """That took as long as the square of its length: of this one, a day."""
        assert gap_grams(character * 1_000_000 + "，法") == {f"{character * LONGEST_GRAM} 法"}
        assert gap_grams("法，" + character * 1_000_000) == {f"法 {character * LONGEST_GRAM}"}


class TestOccurrences:
    @pytest.mark.parametrize(
        ("piece", "text"),
        [
            ("35", "f-35"),
            ("35", "f35a"),
            ("iphone", "iphone15"),
            ("f-35", "an f-35b"),
            ("nato", "北约nato峰会"),
            ("习近", "习近平"),
            ("疫", "新冠疫情"),
            ("5g网", "5g网络"),
        ],
    )
    def test_are_found(self, piece: str, text: str) -> None:
        assert occurrences(piece).search(text)

    @pytest.mark.parametrize(
        ("piece", "text"),
        [
            ("nat", "nato"),
            ("ato", "nato"),
            ("35", "135"),
            ("35", "350"),
            ("f-35", "elf-35"),
            ("f-35", "f-350"),
            ("习近", "习 近"),
            ("é", "caféé"),
        ],
    )
    def test_are_no_parts_of_tokens(self, piece: str, text: str) -> None:
        assert not occurrences(piece).search(text)

    @given(newsprint)
    def test_every_word_of_a_text_is_found_in_it(self, text: str) -> None:
        folded = fold(text)
        for word in words(folded):
            assert occurrences(word).search(folded)
            for piece in pieces(word):
                assert occurrences(piece).search(folded)


class TestSegments:
    def test_are_jieba_s_words_for_searching(self) -> None:
        assert list(segments("国家安全法")) == list(jieba.cut_for_search("国家安全法"))
        assert {"国家", "安全法"} <= set(segments("国家安全法"))

    def test_are_tokens_and_their_parts(self) -> None:
        assert sorted(segments("iphone15 nato f-35")) == sorted(
            ["iphone15", "iphone", "15", "nato", "f-35", "f", "35"]
        )

    def test_do_not_grow_without_end(self) -> None:
        assert set(segments("x-" * 5_000 + "x")) == {"x", ("x-" * 50)[:LONGEST_GRAM]}
        assert set(segments("カ" * 5_000)) == {"カ" * LONGEST_GRAM}

    def test_of_other_unspaced_scripts_are_their_runs(self) -> None:
        assert list(segments("カタカナ和汉字")) == ["カタカナ", "和", "汉字"]

    @given(newsprint)
    def test_leave_out_no_letter(self, text: str) -> None:
        folded = fold(text)
        assert set(filter(str.isalnum, folded)) <= set(_characters(segments(folded)))


def _characters(found: Iterator[str]) -> Iterator[str]:
    for segment in found:
        yield from segment
