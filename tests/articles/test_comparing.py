"""Comparing texts: what differs, and nothing else, is shown as different."""

from hypothesis import given
from hypothesis import strategies as st

from articles.comparing import Kind, compare, paragraphs, sentences

BLOCKS = st.lists(st.text(alphabet="国家安全法。，", min_size=1, max_size=12), max_size=8)


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
    texts = [
        ["".join(part.text for part in side) for side in sides]
        for sides in (
            [change.before for change in changes if change.before],
            [change.after for change in changes if change.after],
        )
    ]
    assert texts == [before, after]
    for change in changes:
        if change.kind is Kind.CHANGED:
            kept = [
                "".join(p.text for p in side if not p.differs)
                for side in (change.before, change.after)
            ]
            assert kept[0] == kept[1]
