"""Comparing texts: what differs, and nothing else, is shown as different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.comparing import Change, Kind, Part, compare, paragraphs, runs, sentences

BLOCKS = st.lists(st.text(alphabet="国家安全法。，", min_size=1, max_size=12), max_size=8)
REPETITIVE = st.lists(st.sampled_from(["同一行", "另一行", "a", "b"]), max_size=60)


def read_off(changes: list[Change]) -> tuple[list[str], list[str]]:
    """The two texts that a comparison shows."""

    def joined(side: list[Part]) -> str:
        return "".join(part.text for part in side)

    return (
        [joined(change.before) for change in changes if change.before],
        [joined(change.after) for change in changes if change.after],
    )


def test_an_edited_sentence_shows_the_edited_characters() -> None:
    before = sentences("条约已签署。双方表示“满意”。")
    after = sentences("条约已签署。双方表示“非常满意”。")
    same, changed = compare(before, after)
    assert same.kind is Kind.SAME
    assert changed.kind is Kind.CHANGED
    assert [part.text for part in changed.after if part.differs] == ["非常"]


def test_sentences_keep_their_closing_quotes() -> None:
    assert sentences("他说：“走。”她没走！\n“好……”") == ["他说：“走。”", "她没走！", "“好……”"]


def test_paragraphs_are_lines_with_text() -> None:
    assert paragraphs("一\n\n二\n") == ["一", "二"]


def test_what_has_nothing_in_common_is_removed_and_added() -> None:
    assert [change.kind for change in compare(["天气晴朗"], ["股市下跌"])] == [
        Kind.REMOVED,
        Kind.ADDED,
    ]


@given(BLOCKS, BLOCKS)
def test_both_texts_can_be_read_off_a_comparison(before: list[str], after: list[str]) -> None:
    changes = compare(before, after)
    assert read_off(changes) == (before, after)
    for change in changes:
        if change.kind is Kind.CHANGED:
            kept = [
                "".join(p.text for p in side if not p.differs)
                for side in (change.before, change.after)
            ]
            assert kept[0] == kept[1]


def longest_common(before: list[str], after: list[str]) -> int:
    """The textbook's table, as the oracle."""
    row = [0] * (len(after) + 1)
    for one in before:
        new = [0]
        for place, other in enumerate(after):
            new.append(row[place] + 1 if one == other else max(new[-1], row[place + 1]))
        row = new
    return row[-1]


@given(REPETITIVE, REPETITIVE)
def test_as_much_as_possible_stays(before: list[str], after: list[str]) -> None:
    changes = compare(before, after)
    assert read_off(changes) == (before, after)
    stayed = sum(change.kind is Kind.SAME for change in changes)
    assert stayed == longest_common(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["同一行"] * 20_000, ["同一行"] * 19_990),
        (["甲", "乙"] * 10_000, ["乙", "丙", "甲"] * 6_666),
        ([f"第{n}行" for n in range(20_000)], [f"第{n}行" for n in range(20_000, 0, -1)]),
        ([f"第{n}行是这样" for n in range(20_000)], [f"第{n}行是那样" for n in range(20_000)]),
        (["ab" * 500] * 500, ["ba" * 250 + "aabb" * 125] * 500),
        (["字" * 1_000_000], ["字" * 999_999 + "好"]),
        (list("甲乙" * 15_000), list("乙丙甲" * 10_000)),
    ],
    ids=["equal", "two", "backwards", "all edited", "letters", "one block", "too many"],
)
def test_whatever_the_texts_are_they_can_be_compared(before: list[str], after: list[str]) -> None:
    # Comparing all with all would take minutes, or more memory than there is.
    assert read_off(compare(before, after)) == (before, after)


def test_what_stayed_is_folded_away_from_changes() -> None:
    before = [f"第{n}句。" for n in range(20)]
    after = [*before[:10], "改过的话。", *before[11:]]
    changes = compare(before, after)
    cut = runs(changes)
    assert [(run.is_folded, len(run.changes)) for run in cut] == [
        (True, 8),
        (False, 5 + 1),
        (True, 7),
    ]
    assert [change for run in cut for change in run.changes] == changes


def test_a_single_block_is_not_folded() -> None:
    before = list("一二三四")
    cut = runs(compare(before, [*before[:3], "五"]))
    assert [run.is_folded for run in cut] == [False, False]


def test_equal_texts_are_one_fold() -> None:
    assert [run.is_folded for run in runs(compare(["一", "二"], ["一", "二"]))] == [True]
    assert runs([]) == []
