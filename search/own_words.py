"""The list of the editors' own words, and whether the index is cut by them."""

import time
from collections.abc import Callable, Sequence
from unicodedata import normalize

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from search.engines.base import IndexUnavailableError, engine
from search.models import Word
from search.text import OwnWords, can_be_own_word, fold

__all__ = ["BadWordsError", "Rest", "add_words", "are_in_index", "own_words"]

MOST_WORDS = 5_000
MOST_COMPLAINTS = 20
SECONDS_OF_REST = 60
SECONDS_BETWEEN_LOOKS = 3


class BadWordsError(ValueError):
    """Words that cannot be taken; ``messages`` tell people why, a line each."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(*messages)
        self.messages = messages


def own_words() -> OwnWords:
    """Return the editors' words, folded."""
    return frozenset(Word.objects.order_by().values_list("folded", flat=True))


def are_in_index() -> bool:
    """Tell whether the index is cut by the editors' words; one that is missing has no others."""
    try:
        return engine().own_words() == own_words()
    except IndexUnavailableError:
        return True


@transaction.atomic
def add_words(lines: Sequence[str]) -> list[str]:
    """Add the words in ``lines``, one a line, and return those that were not there.

    Raises BadWordsError, having added none, where one cannot be taken or they are too many.
    """
    words = {n: normalize("NFC", line).strip() for n, line in enumerate(lines, 1) if line.strip()}
    complaints = [
        _("Line %(number)d: “%(word)s” is not made of 2 to 20 common Chinese characters.")
        % {"number": number, "word": word[:40]}
        for number, word in words.items()
        if not can_be_own_word(fold(word))
    ]
    if len(complaints) > MOST_COMPLAINTS:
        more = len(complaints) - MOST_COMPLAINTS
        last = ngettext("%(count)d more such line.", "%(count)d more such lines.", more)
        complaints = [*complaints[:MOST_COMPLAINTS], last % {"count": more}]
    if complaints:
        raise BadWordsError(complaints)
    known = own_words()
    new = {fold(word): word for word in words.values()}
    new = {folded: word for folded, word in new.items() if folded not in known}
    if len(known) + len(new) > MOST_WORDS:
        message = _("That would be %(count)d words; there can be %(most)d.")
        raise BadWordsError([message % {"count": len(known) + len(new), "most": MOST_WORDS}])
    # Somebody else may add the same words at the same moment.
    Word.objects.bulk_create(
        [Word(word=word, folded=folded) for folded, word in new.items()], ignore_conflicts=True
    )
    return list(new.values())


class Rest:
    """Waits until nobody changes the list any more, so that ten words cost one new index.

    ``clock`` gives seconds, as ``time.monotonic``.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked = float("-inf")
        self._seen: OwnWords | None = None
        self._since = 0.0

    def is_over(self) -> bool:
        """Tell whether the list is another than the index's, and was the same for a minute.

        Looks every few seconds only.
        """
        now = self._clock()
        if now - self._looked < SECONDS_BETWEEN_LOOKS:
            return False
        self._looked = now
        if are_in_index():
            self._seen = None
            return False
        words = own_words()
        if words != self._seen:
            self._seen, self._since = words, now
        return now - self._since >= SECONDS_OF_REST
