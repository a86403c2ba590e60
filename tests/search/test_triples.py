"""Three neighbouring characters: how they are numbered, where they are first, what they decide."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.documents import Document
from search.engines.whoosh import _backend
from search.engines.whoosh._arrays import ArraysFile
from search.text import (
    LAST_PLACE,
    fold,
    is_unspaced,
    number_of,
    occurrences,
    pieces,
    required_triples,
    triples,
    words,
)
from tests.search.corpus import Documents, asked, build, documents, ids_of, loader, scan

few_characters = st.text(st.sampled_from("国安法𠮷カ，a1\n"), max_size=60)


def places_of(folded: str) -> dict[int, int]:
    numbers, places = triples(folded)
    return dict(zip(numbers.tolist(), places.tolist(), strict=True))


class TestOfAText:
    @given(few_characters)
    @example("")
    @example("国安")
    @example("一" * 30_000 + "国安法")
    def test_are_all_its_neighbours_with_where_each_is_first(self, text: str) -> None:
        folded = fold(text)
        every = (folded[i : i + 3] for i in range(len(folded) - 2))
        wanted = {string for string in every if all(map(is_unspaced, string))}
        encoded = folded.encode()
        first = {s: min(encoded.index(s.encode()), LAST_PLACE) for s in wanted}
        assert places_of(folded) == {number_of(s): place for s, place in first.items()}

    def test_ascend_as_their_strings_do(self) -> None:
        numbers, _places = triples("国安法𠮷家国家安全一二三")
        strings = sorted({"国安法", "安法𠮷", "法𠮷家", "𠮷家国", "家国家", "国家安", "家安全"})
        strings = sorted([*strings, "安全一", "全一二", "一二三"])
        assert numbers.tolist() == list(map(number_of, strings))

    @given(few_characters, few_characters, few_characters)
    def test_of_a_piece_are_in_every_text_that_holds_it(
        self, before: str, middle: str, after: str
    ) -> None:
        for word in words(fold(middle)):
            for piece in pieces(word):
                text = fold(before) + piece + fold(after)
                if occurrences(piece).search(text):
                    assert set(map(number_of, required_triples(piece))) <= places_of(text).keys()


class TestSearching:
    """Each against a scan, among enough others that no text is simply looked at."""

    @pytest.fixture
    def others(self) -> Documents:
        text = "港区国安法的国安法律问题"
        return {pk: Document(pk, 1, None, f"第{pk}条", f"{pk}{text}") for pk in range(1, 40)}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("国安法和国安法律", id="first without the fourth character"),
            pytest.param("法律国安法", id="at the very end"),
            pytest.param("国安法\n律", id="across a line"),
            pytest.param("国安，法律", id="across punctuation"),
            pytest.param("一" * 22_000 + "国安法律", id="far on"),
            pytest.param("国安法" + "一" * 22_000 + "国安法律", id="first here, whole far on"),
            pytest.param("国安法国安法律国安法律", id="several times"),
            pytest.param("𠮷国安法律𠮷", id="beside characters of four bytes"),
        ],
    )
    @pytest.mark.parametrize(
        "query", ["国安法律", "国安法律问", "安法律", "title:国安法律", "法国安法"]
    )
    def test_is_where_it_stands(
        self, others: Documents, tmp_path: Path, text: str, query: str
    ) -> None:
        others |= {pk: Document(pk, 1, None, "题", text) for pk in range(50, 53)}
        others[60] = Document(60, 1, None, "国安法律", "律")
        backend = build(tmp_path, others)
        if in_title := query.removeprefix("title:") != query:
            wanted = {pk for pk, d in others.items() if "国安法律" in d.title}
        else:
            wanted = scan(others, query)
        assert wanted or not in_title
        assert set(ids_of(backend, asked(query))) == wanted

    @pytest.mark.parametrize(
        ("title", "text"), [("律甲", "安法律，国安法"), ("安法律，甲", "国安法，国")]
    )
    def test_not_where_one_text_ends_and_the_next_begins(
        self, tmp_path: Path, title: str, text: str
    ) -> None:
        """Each has both triples of what is looked for, and its neighbour the missing character."""
        given = {pk: Document(pk, 1, None, title, text) for pk in range(40)}
        backend = build(tmp_path, given)
        assert len(ids_of(backend, asked("国安法 安法律"))) == len(given)
        assert ids_of(backend, asked("国安法律")) == []

    def test_after_edits(self, others: Documents, tmp_path: Path) -> None:
        backend = build(tmp_path, others)
        others[5] = Document(5, 1, None, "题", "没有了")
        others[70] = Document(70, 1, None, "题", "新的国安法律")
        backend.replace([5, 70], loader(others))
        backend.tidy()
        for query in ("国安法", "国安法律", "没有了", "的国安法律"):
            assert set(ids_of(backend, asked(query))) == scan(others, query)


class TestMerging:
    def test_makes_what_would_have_been_written_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        corpus = documents()
        build(tmp_path / "at-once", corpus)
        monkeypatch.setattr(_backend, "SEGMENT_DOCUMENTS", 7)
        monkeypatch.setattr("search.engines.whoosh._merging.POSTINGS_AT_ONCE", 900)
        build(tmp_path / "in-parts", corpus)
        [at_once], [merged] = (
            [ArraysFile(path) for path in (tmp_path / name).glob("*/*.arrays")]
            for name in ("at-once", "in-parts")
        )
        assert set(at_once) == set(merged)
        for name in at_once:
            assert np.array_equal(at_once[name], merged[name]), name
