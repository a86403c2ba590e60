"""Explanations: what is missing, and ways out that find what they promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.explaining import (
    Change,
    Explanation,
    WayOut,
    correction,
    explain,
    is_worth_telling,
)
from search.language import And, Node, Not, Or, Phrase, Word, parse
from search.query import Text

ARCHIVE = [
    "香港国安法今天生效",
    "香港立法会选举延期",
    "台湾选举今天投票",
    "习近平访问香港",
    "习近平谈选举",
    "国家 安全教育日",
]
NARROWED = ARCHIVE[2:]
PARTS = ["香港", "选举", "习近平", "火星", "今天投票", "-", " ", " OR ", "(", ")", '"', "标题:"]
typed = st.lists(st.sampled_from([*PARTS, "之后:2023"]), max_size=10).map("".join)


def holds(node: Node, text: str) -> bool:
    match node:
        case Word() | Phrase():
            asked = Text(node.string, is_phrase=isinstance(node, Phrase))
            return all(piece.is_in(text) for piece in asked.pieces)
        case And(nodes):
            return all(holds(child, text) for child in nodes)
        case Or(nodes):
            return any(holds(child, text) for child in nodes)
        case Not(child):
            return not holds(child, text)
        case _:
            return True


class CountIn:
    """Counts by looking at every text, and notes what it was asked."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.asked: list[str] = []

    def __call__(self, query: str) -> int:
        self.asked.append(query)
        tree = parse(query).tree
        return sum(holds(tree, text) for text in self.texts) if tree else 0


def explained(query: str, *, is_narrowed: bool = False) -> Explanation:
    tree = parse(query).tree
    assert tree
    here = CountIn(NARROWED if is_narrowed else ARCHIVE)
    return explain(tree, here, CountIn(ARCHIVE) if is_narrowed else None)


def ways(explanation: Explanation) -> dict[Change, WayOut]:
    return {way.change: way for way in explanation.ways_out}


class TestMissing:
    def test_the_word_that_is_nowhere_is_left_out(self) -> None:
        found = explained("香港 火星 选举")
        assert {part.query: part.here for part in found.parts} == {"香港": 3, "火星": 0, "选举": 3}
        without = ways(found)[Change.WITHOUT]
        assert (without.query, without.piece, without.count) == ("香港 选举", "火星", 1)

    def test_words_that_never_meet_are_each_left_out(self) -> None:
        found = explained("国安法 投票")
        assert all(part.here for part in found.parts)
        left_out = {w.piece: w.query for w in found.ways_out if w.change is Change.WITHOUT}
        assert left_out == {"国安法": "投票", "投票": "国安法"}

    def test_any_of_the_words_keeps_what_is_excluded(self) -> None:
        found = ways(explained("火星 选举 -投票"))[Change.ANY]
        assert found.query == "(火星 OR 选举) -投票"
        assert found.count == 2

    def test_a_long_run_is_explained_by_its_words(self) -> None:
        found = explained("香港火星殖民选举")
        assert {part.query for part in found.parts if part.here} == {"香港", "选举"}
        assert ways(found)[Change.WITHOUT].query == "香港 选举"

    def test_a_phrase_is_taken_out_of_its_quotes(self) -> None:
        found = ways(explained('"选举今天" "习近平选举"'))
        assert Change.UNQUOTED not in found
        assert ways(explained('"安全 国家"'))[Change.UNQUOTED].count == 1
        assert (
            ways(explained('-"选举今天" "谈 习近平"'))[Change.UNQUOTED].query
            == '-"选举今天" 谈 习近平'
        )

    def test_a_phrase_alone_is_told_word_by_word(self) -> None:
        found = explained('"火星 香港"')
        assert {part.query: part.here > 0 for part in found.parts} == {"火星": False, "香港": True}
        assert ways(found)[Change.WITHOUT].query == "香港"
        assert ways(found)[Change.ANY].query == "火星 OR 香港"

    def test_filters_are_taken_away(self) -> None:
        found = explained("国安法 香港", is_narrowed=True)
        parts = {part.query: (part.here, part.everywhere) for part in found.parts}
        assert parts == {"国安法": (0, 1), "香港": (1, 3)}
        way = ways(found)[Change.UNFILTERED]
        assert (way.query, way.count, way.keeps_filters) == ("国安法 香港", 1, False)

    def test_both_are_taken_away_where_one_does_not_help(self) -> None:
        found = explained("国安法 火星", is_narrowed=True)
        assert [(way.change, way.query, way.keeps_filters) for way in found.ways_out] == [
            (Change.WITHOUT, "国安法", False),
            (Change.ANY, "国安法 OR 火星", False),
        ]

    def test_nothing_helps_what_is_nowhere(self) -> None:
        found = explained("火星", is_narrowed=True)
        assert found.ways_out == []
        assert [(part.here, part.everywhere) for part in found.parts] == [(0, 0)]

    @given(typed, st.booleans())
    def test_what_is_promised_is_found(self, query: str, is_narrowed: bool) -> None:
        tree = parse(query).tree
        if tree is None:
            return
        found = explained(query, is_narrowed=is_narrowed)
        assert len({(way.query, way.keeps_filters) for way in found.ways_out}) == len(
            found.ways_out
        )
        for way in found.ways_out:
            assert way.count == CountIn(NARROWED if is_narrowed and way.keeps_filters else ARCHIVE)(
                way.query
            )
            assert way.count > 0
        for part in found.parts:
            assert part.everywhere == CountIn(ARCHIVE)(part.query)
            assert part.here <= part.everywhere

    def test_a_long_query_asks_a_bounded_number_of_times(self) -> None:
        tree = parse(" ".join(f"词{chr(0x4E00 + n)}" for n in range(64))).tree
        assert tree
        here, everywhere = CountIn(ARCHIVE), CountIn(ARCHIVE)
        explain(tree, here, everywhere)
        assert len(here.asked) < 40
        assert len(everywhere.asked) < 60


class TestCorrection:
    @staticmethod
    def corrections(word: str) -> list[str]:
        return {"习进平": ["习近平"], "选具": ["选拔", "选举"], "投票": ["香港"]}.get(word, [])

    def corrected(self, query: str) -> tuple[str, int] | None:
        tree = parse(query).tree
        assert tree
        count = CountIn(ARCHIVE)
        better = correction(tree, count(query), count, count, self.corrections)
        return (better.query, better.count) if better else None

    @pytest.mark.parametrize(
        ("query", "better"),
        [
            ("习进平", ("习近平", 2)),
            ("習進平 选举", ("习近平 选举", 1)),
            ("标题:选具", ("title:选举", 3)),
            ("选具 OR 火星", ("选举 OR 火星", 3)),
            ('"香港选具"', None),
            ('"立法会选具"', ('"立法会选举"', 1)),
            ("台湾选具投票", ("台湾选举投票", 1)),
            ("习近平访", None),
            # The archive knows the word well enough.
            ("投票 火星", None),
            ("-习进平 火星", None),
            ("之后:2023 习进平", ("after:2023-01-01 习近平", 2)),
        ],
    )
    def test_finds_more(self, query: str, better: tuple[str, int] | None) -> None:
        assert self.corrected(query) == better

    @given(typed)
    def test_is_only_offered_when_it_finds_more(self, query: str) -> None:
        tree = parse(query).tree
        if tree is None:
            return
        count = CountIn(ARCHIVE)
        for found in (0, 1, 3):
            better = correction(tree, found, count, count, lambda _word: ["选举", "香港", "无"])
            assert better is None or better.count == count(better.query) > found


@pytest.mark.parametrize(
    ("query", "is_told"),
    [
        ("香港", False),
        ("香港 选举", False),
        ("  國安法　NATO ", False),
        ("香港，选举", True),
        ('"香港"', True),
        ("香港 -选举", True),
        ("标题:香港", True),
        ("香港 AND 选举", True),
        ("香港 OR 选举", True),
        ("(香港)", True),
        ("香港 香港", True),
    ],
)
def test_what_is_plain_is_not_repeated(query: str, is_told: bool) -> None:
    assert is_worth_telling(query, parse(query)) == is_told
