"""Two texts side by side: what was taken out, what came in, what stayed."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby, zip_longest

__all__ = ["Change", "Kind", "Part", "Run", "compare", "paragraphs", "runs", "sentences"]

# Comparing letter by letter takes quadratic time; beyond this a block is shown as wholly changed.
LONGEST_COMPARED = 2_000
LEAST_ALIKE = 0.3
# And so are blocks for which a comparison would have to look at more pairs of equal letters in all;
# about half a second. Ten pages of Chinese, every sentence edited, have a tenth of them.
MOST_LETTER_PAIRS = 400_000
# Finding the blocks that stayed takes a bit of memory for each pair of blocks: 50 MB.
MOST_BLOCK_PAIRS = 400_000_000

# As many unchanged blocks stay in sight beside a change; longer runs of them are folded.
CONTEXT = 2

_sentence = re.compile(r"[^。！？!?…\n]*[。！？!?…]+[”’』」）)]*|[^。！？!?…\n]+")


class Kind(StrEnum):
    """What became of a block."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a block; ``differs`` where the other side has something else."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A block before and after; ``before`` is empty for an added one, ``after`` for a removed."""

    kind: Kind
    before: list[Part]
    after: list[Part]


def paragraphs(text: str) -> list[str]:
    """Return the blocks of a text that has one in each line."""
    return [line for line in text.split("\n") if line.strip()]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, each with its end mark and closing quotes."""
    return [found.group().strip() for found in _sentence.finditer(text) if found.group().strip()]


@dataclass(frozen=True, slots=True)
class Run:
    """Some changes in a row; ``is_folded`` where they are unchanged blocks far from any change."""

    changes: list[Change]
    is_folded: bool


def runs(changes: Sequence[Change]) -> list[Run]:
    """Cut a comparison into what is worth reading and what can be folded away, in order."""
    differing = [place for place, change in enumerate(changes) if change.kind is not Kind.SAME]
    near = {
        place for middle in differing for place in range(middle - CONTEXT, middle + CONTEXT + 1)
    }
    numbered = groupby(enumerate(changes), key=lambda item: item[0] not in near)
    cut = [([change for _, change in group], is_far) for is_far, group in numbered]
    # One block is no longer than the line that would stand for it.
    return [Run(group, is_far and len(group) > 1) for group, is_far in cut]


def compare(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Compare two lists of blocks (paragraphs or sentences), in reading order.

    Whatever the texts are, this takes about a second for a megabyte: where telling what stayed
    would take longer, more is shown as removed and added.
    """
    changes: list[Change] = []
    letters = _Letters()
    done, other_done = 0, 0
    for start, other_start, length in [*_stayed(before, after), (len(before), len(after), 0)]:
        for one, other in zip_longest(before[done:start], after[other_done:other_start]):
            changes += letters.compare(one, other)
        done, other_done = start + length, other_start + length
        changes += [_same(text) for text in before[start:done]]
    return changes


def _stayed(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return where as many blocks as possible are the same: both places, and how many."""
    shorter = min(len(before), len(after))
    head = _common(before, after, shorter)
    tail = _common(before[head:][::-1], after[head:][::-1], shorter - head)
    ends = len(before) - tail, len(after) - tail
    middle = [
        (head + place, head + other, 1)
        for place, other in _longest_common(before[head : ends[0]], after[head : ends[1]])
    ]
    return [(0, 0, head), *middle, (*ends, tail)]


def _common(before: Sequence[str], after: Sequence[str], longest: int) -> int:
    """Return how many blocks at the beginning are the same."""
    pairs = zip(before, after, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), longest)


def _longest_common(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence; none where there are too many blocks.

    Hyyrö, Bit-parallel LCS-length computation revisited (2004): bit n of row m is clear where the
    first n + 1 blocks of ``before`` have more in common with the first m of ``after`` than the
    first n have. Unlike difflib, it is as quick for blocks that repeat as for any others.
    """
    if len(before) * len(after) > MOST_BLOCK_PAIRS:
        return []
    places: defaultdict[str, int] = defaultdict(int)
    for place, block in enumerate(before):
        places[block] |= 1 << place
    full = (1 << len(before)) - 1
    rows = [full]
    for block in after:
        row = rows[-1]
        matching = row & places.get(block, 0)
        rows.append(((row + matching) | (row - matching)) & full)
    found = []
    place, other = len(before), len(after)
    while place and other:
        bit = 1 << (place - 1)
        if rows[other] & bit:
            place -= 1
        elif not rows[other - 1] & bit:
            other -= 1
        else:
            place, other = place - 1, other - 1
            found.append((place, other))
    return found[::-1]


class _Letters:
    """Compares pairs of blocks letter by letter, as long as that is worth the time."""

    def __init__(self) -> None:
        self._left = MOST_LETTER_PAIRS

    def compare(self, before: str | None, after: str | None) -> list[Change]:
        """Return what became of a block, one of them None where it has no counterpart."""
        if before is None or after is None or not self._is_worth(before, after):
            return [*_removed(before), *_added(after)]
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        if matcher.quick_ratio() < LEAST_ALIKE or matcher.ratio() < LEAST_ALIKE:
            return [*_removed(before), *_added(after)]
        old, new = [], []
        for tag, start, end, other_start, other_end in matcher.get_opcodes():
            if start < end:
                old.append(Part(before[start:end], tag != "equal"))
            if other_start < other_end:
                new.append(Part(after[other_start:other_end], tag != "equal"))
        return [Change(Kind.CHANGED, old, new)]

    def _is_worth(self, before: str, after: str) -> bool:
        if self._left <= 0 or len(before) + len(after) > LONGEST_COMPARED:
            return False
        # Looking at a pair takes time as well.
        self._left -= len(before) + len(after) + 30
        counts, others = Counter(before), Counter(after)
        equal = sum(number * others[letter] for letter, number in counts.items())
        if equal > self._left:
            return False
        self._left -= equal
        return True


def _same(text: str) -> Change:
    return Change(Kind.SAME, [Part(text, False)], [Part(text, False)])


def _removed(text: str | None) -> list[Change]:
    return [] if text is None else [Change(Kind.REMOVED, [Part(text, True)], [])]


def _added(text: str | None) -> list[Change]:
    return [] if text is None else [Change(Kind.ADDED, [], [Part(text, True)])]
