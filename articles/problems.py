"""Why a file, or a part of it, could not be taken as it is."""

from enum import StrEnum


class ProblemKind(StrEnum):
    """The kinds of problems an import meets; ``WARNINGS`` come with an article."""

    EMPTY_FILE = "empty-file"
    BINARY_FILE = "binary-file"
    UNKNOWN_ENCODING = "unknown-encoding"
    UNKNOWN_FORMAT = "unknown-format"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    BAD_ARCHIVE = "bad-archive"
    NO_TITLE = "no-title"
    NO_ADDRESS = "no-address"
    BAD_ADDRESS = "bad-address"
    NO_DATE = "no-date"
    EMPTY_BODY = "empty-body"
    TEXT_ONLY = "text-only"
    TIMEOUT = "timeout"
    CRASH = "crash"


WARNINGS = frozenset({ProblemKind.NO_DATE, ProblemKind.EMPTY_BODY, ProblemKind.TEXT_ONLY})
"""What is said of files that became articles nevertheless."""
