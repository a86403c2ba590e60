"""What the benchmarks rely on."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corpus import percent
from benchmarks.questions import quoted
from search.language import Phrase, parse
from search.text import fold, with_gaps


@given(st.text('国國安法aB1，。「」《》“”„"＂- |()', min_size=1, max_size=12))
def test_a_quoted_phrase_is_understood_as_this_phrase(phrase: str) -> None:
    try:
        query = quoted(f"法{phrase}国")
    except ValueError:
        return
    assert parse(query).tree == Phrase(with_gaps(fold(f"法{phrase}国")))


def test_a_percentage_is_never_rounded_up() -> None:
    assert percent(0.99999) == "99.9"
    assert percent(1.0) == "100.0"
    assert percent(0.29) == "29.0"
