"""Two texts side by side: what was taken out, what came in, what stayed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest

__all__ = ["Change", "Kind", "Part", "compare", "paragraphs", "sentences"]

# Comparing letter by letter takes quadratic time; beyond this a block is shown as wholly changed.
LONGEST_COMPARED = 2_000
LEAST_ALIKE = 0.3

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


def compare(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Compare two lists of blocks (paragraphs or sentences), in reading order."""
    changes = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        old, new = before[start:end], after[other_start:other_end]
        if tag == "equal":
            changes += [Change(Kind.SAME, [Part(text, False)], [Part(text, False)]) for text in old]
        else:
            for one, other in zip_longest(old, new):
                changes += _pair(one, other)
    return changes


def _pair(before: str | None, after: str | None) -> list[Change]:
    if before is None or after is None:
        return [*_removed(before), *_added(after)]
    if len(before) + len(after) > LONGEST_COMPARED:
        return [*_removed(before), *_added(after)]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < LEAST_ALIKE:
        return [*_removed(before), *_added(after)]
    old, new = [], []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if start < end:
            old.append(Part(before[start:end], tag != "equal"))
        if other_start < other_end:
            new.append(Part(after[other_start:other_end], tag != "equal"))
    return [Change(Kind.CHANGED, old, new)]


def _removed(text: str | None) -> list[Change]:
    return [] if text is None else [Change(Kind.REMOVED, [Part(text, True)], [])]


def _added(text: str | None) -> list[Change]:
    return [] if text is None else [Change(Kind.ADDED, [], [Part(text, True)])]
