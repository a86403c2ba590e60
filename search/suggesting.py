"""What a person who is typing may mean: words of the archive, and titles."""

from dataclasses import dataclass

from articles.models import Article
from search.finding import (
    Ids,
    completions,
    count_articles,
    find_titles,
    hidden_articles,
    own_words_of_index,
)
from search.language import LONGEST_QUERY, Phrase
from search.text import fold, segments, with_gaps, words

__all__ = ["Suggestions", "suggest"]

MOST_TERMS = 5
MOST_TRIED = 10
MOST_TITLES = 5


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Queries that complete what was typed, and the newest articles that have it in their title."""

    terms: list[str]
    titles: list[Article]


def suggest(typed: str) -> Suggestions:
    """Return what ``typed`` may become. Raises IndexUnavailableError."""
    typed = typed[:LONGEST_QUERY]
    folded = fold(typed)
    string = with_gaps(folded).strip()
    if not string:
        return Suggestions([], [])
    hidden = hidden_articles()
    titles = find_titles(str(Phrase(string, in_title=True)), MOST_TITLES, hidden=hidden)
    return Suggestions(_completed(typed, folded, hidden), titles)


def _completed(typed: str, folded: str, hidden: Ids) -> list[str]:
    """Return ``typed`` with its last word completed; of a long run, its last segment."""
    last = words(folded)[-1]
    if not folded.endswith(last):
        return []
    found = completions(last, MOST_TERMS + 1, hidden=hidden)
    completed = [typed[: -len(last)] + word for word in found if word != last]
    if not completed and (ending := _last_segment(last)):
        # What a segment may become need not stand beside what is before it.
        endings = completions(ending, MOST_TRIED, hidden=hidden)
        wholes = [last[: -len(ending)] + word for word in endings]
        known = [
            whole
            for whole in wholes
            if whole != last and count_articles(str(Phrase(whole)), hidden=hidden)
        ]
        completed = [typed[: -len(last)] + whole for whole in known]
    return completed[:MOST_TERMS]


def _last_segment(word: str) -> str:
    """Return the longest segment with which ``word`` ends, but not itself; "" without one."""
    endings = [s for s in segments(word, own_words_of_index()) if word.endswith(s) and s != word]
    return max(endings, key=len, default="")
