"""What a worker process does with one file: from bytes to everything the store needs."""

import hashlib
import zlib
from dataclasses import dataclass

from articles.addresses import canonical_address
from articles.exchange import LINE_START
from articles.importing._restoring import BadLineError, Exchanged, read_line
from articles.importing.decoding import decode
from articles.importing.formats import parse
from articles.importing.parsed import (
    NotAnArticleError,
    ParsedArticle,
    ProblemKind,
    UnusableFileError,
)
from articles.importing.sources import SourceFile
from articles.sanitising import Cleaned, clean

EXCERPT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class RawFile:
    """The bytes of an imported file, as a capture keeps them."""

    sha256: str
    compressed: bytes
    size: int
    path: str
    folder: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that makes an article; ``url`` is the canonical address."""

    raw: RawFile
    url: str
    parsed: ParsedArticle
    cleaned: Cleaned


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that belongs to an archive but is no article."""

    path: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that makes no article; ``raw`` is there when its bytes are to be kept."""

    path: str
    kind: ProblemKind
    message: str
    excerpt: str = ""
    raw: RawFile | None = None


def prepare(file: SourceFile) -> Prepared | Exchanged | Skipped | Failed:
    """Decode, parse and clean one file. Raises nothing that a file can cause."""
    if file.data.startswith(LINE_START):
        return _prepare_line(file)
    text = ""
    try:
        text = decode(file.data)
        parsed = parse(text, file.path.rpartition("!")[2])
        url = _address(parsed)
    except NotAnArticleError:
        return Skipped(file.path)
    except UnusableFileError as error:
        excerpt = (text or file.data[:EXCERPT_LENGTH].decode("ascii", "replace"))[:EXCERPT_LENGTH]
        raw = raw_file(file) if error.keep_capture else None
        return Failed(file.path, error.kind, error.message, excerpt.replace("\0", ""), raw)
    cleaned = clean(parsed.body, url=parsed.url, published_at=parsed.published_at)
    return Prepared(raw_file(file), url, parsed, cleaned)


def _prepare_line(file: SourceFile) -> Exchanged | Failed:
    try:
        return read_line(file)
    except BadLineError as error:
        excerpt = file.data[:EXCERPT_LENGTH].decode("utf-8", "ignore").replace("\0", "")
        return Failed(file.path, error.kind, error.message, excerpt)


def _address(parsed: ParsedArticle) -> str:
    try:
        return canonical_address(parsed.url)
    except ValueError as error:
        raise UnusableFileError(ProblemKind.BAD_ADDRESS, str(error), keep_capture=True) from error


def raw_file(file: SourceFile) -> RawFile:
    """Return the file's bytes as a capture keeps them."""
    return RawFile(
        sha256=hashlib.sha256(file.data).hexdigest(),
        compressed=zlib.compress(file.data, 6),
        size=len(file.data),
        path=file.path,
        folder=file.folder,
    )
