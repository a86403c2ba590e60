"""From the bytes of a file to its text.

Chinese pages come as UTF-8, UTF-16, GB2312, GBK, GB18030 or Big5, and often declare the wrong
one. UTF-8 proves itself: other text is hardly ever valid UTF-8. GB18030 and Big5 do not, since
each accepts nearly any text of the other; between these two the characters decide, because wrongly
read text is full of characters that nobody uses.
"""

import codecs
import re
from collections.abc import Iterable
from functools import cache

from articles.importing.parsed import ProblemKind, UnusableFileError

# The longer marks first: the one of UTF-32 begins with the one of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# The labels of https://encoding.spec.whatwg.org/#names-and-labels that Chinese archives contain,
# with Python's codecs, each the largest of its family.
_CODECS_BY_LABEL = {
    **dict.fromkeys(
        ("gb2312", "gbk", "gb18030", "x-gbk", "gb_2312-80", "gb_2312", "csgb2312", "chinese"),
        "gb18030",
    ),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5", "csbig5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis"), "cp932"),
    "euc-jp": "euc_jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("windows-1252", "iso-8859-1", "us-ascii"), "cp1252"),
}
_DECLARATION = re.compile(rb"""<meta\b[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})""", re.I)
_DECLARATION_WITHIN = 4096

_MAGIC_NUMBERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "a database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
)
# Old files contain a few control characters, binary files many.
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r\x1b"))
_MOST_CONTROL = 0.01

# Characters that every longer Chinese text contains, in both scripts, with its punctuation.
_FREQUENT = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得"
    "于於着著下自之年过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動"
    "面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機"
    "十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應战戰向头頭文体體"
    "政美相见見被利什二等产產或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教"
    "、，。！？；：“”「」『』《》（）【】—…　"
)
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\0]")
_HIGH = re.compile("[^\0-\x7f]")
_JUDGED_CHARACTERS = 5_000


def decode(raw: bytes) -> str:
    """Return the text of ``raw``, whatever encoding it has, with line ends as ``\\n``.

    Tried in this order: a byte order mark, the NUL pattern of UTF-16 and UTF-32, a Chinese
    encoding declared in a ``<meta>`` tag, UTF-8, whichever of GB18030 and Big5 reads better, and
    another declared encoding. A declaration that does not fit is passed over. All are tried
    strictly: text that is damaged or cut short raises instead of losing characters silently.
    The result never contains a NUL or half of a surrogate pair.

    Raises UnusableFileError: EMPTY_FILE for nothing or only white space, BINARY_FILE for what is
    no text at all, UNKNOWN_ENCODING for the rest.
    """
    if not raw or raw.isspace():
        raise _empty()
    text = _SURROGATE_OR_NUL.sub("", _decode(raw)).removeprefix("\ufeff")
    if not text or text.isspace():
        raise _empty()
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(raw: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            text = _strictly(raw[len(mark) :], encoding)
            if text is not None:
                return text
    _refuse_magic_numbers(raw)
    if b"\0" in raw:
        return _decode_wide(raw)
    if len(raw) - len(raw.translate(None, _CONTROL_BYTES)) > len(raw) * _MOST_CONTROL:
        raise _binary("it consists of control characters to a good part")

    declared = _declared_codec(raw)
    if declared in ("gb18030", "big5hkscs"):
        text = _decode_chinese(raw, declared) or _strictly(raw, "utf-8")
    else:
        text = _strictly(raw, "utf-8") or _decode_chinese(raw) or _strictly(raw, declared)
    if text is None:
        raise _unknown_encoding(raw)
    return text


def _decode_chinese(raw: bytes, declared: str = "gb18030") -> str | None:
    other = "gb18030" if declared == "big5hkscs" else "big5hkscs"
    return _most_plausible(raw, (declared, other))


def _strictly(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _declared_codec(raw: bytes) -> str:
    match = _DECLARATION.search(raw[:_DECLARATION_WITHIN])
    label = match[1].decode("ascii", "replace").lower() if match else ""
    return _CODECS_BY_LABEL.get(label, "utf-8")


def _decode_wide(raw: bytes) -> str:
    """UTF-16 or UTF-32 without a mark; nothing else that is text contains NUL bytes.

    Counting the NULs alone does not tell the byte order, because 一 (U+4E00) has one as well.
    """
    # No other text is valid UTF-32: each fourth byte would have to be a NUL.
    text = _most_plausible(raw, ("utf-32-le", "utf-32-be"))
    if text is None:
        text = _most_plausible(raw, ("utf-16-le", "utf-16-be"))
    # Ordinary text with a stray NUL has its letters read in pairs, as rare though valid characters.
    if (
        text is None
        or _plausibility(text) < 1
        or len(_CONTROL.findall(text)) > len(text) * _MOST_CONTROL
    ):
        raise _binary("it contains NUL bytes")
    return text


def _most_plausible(raw: bytes, encodings: Iterable[str]) -> str | None:
    """The best reading of ``raw``, or None where none reads like something people write."""
    best, best_score = None, 0.0
    for encoding in encodings:
        text = _strictly(raw, encoding)
        if text is not None and (score := _plausibility(text)) > best_score:
            best, best_score = text, score
    return best


def _plausibility(text: str) -> float:
    """How much ``text`` looks like Chinese as people write it: 0 for rubbish, about 1.5 at best."""
    # Long runs of markup need not be looked at, and a part of a long text judges the whole.
    judged = "".join(_HIGH.findall(text[: _JUDGED_CHARACTERS * 10]))[:_JUDGED_CHARACTERS]
    if not judged:
        return 1.0
    common = _common_characters()
    rare = sum(_may_be_rare(character) and character not in common for character in judged)
    if rare * 4 > len(judged):
        return 0.0
    frequent = sum(character in _FREQUENT for character in judged)
    return 1 + (frequent - rare) / len(judged)


def _may_be_rare(character: str) -> bool:
    """Chinese characters, private use and C1 controls: what misread text is made of.

    Letters of other scripts are never held against a text: an article may be Tibetan or Uyghur.
    """
    return (
        "\u3400" <= character <= "\u9fff"
        or "\ue000" <= character <= "\ufaff"
        or "\x80" <= character <= "\x9f"
    )


@cache
def _common_characters() -> frozenset[str]:
    """The everyday characters of both scripts: level 1 of GB 2312 and of Big5, with the symbols."""
    gb2312 = (bytes((lead, trail)) for lead in range(0xA1, 0xD8) for trail in range(0xA1, 0xFF))
    big5 = (
        bytes((lead, trail))
        for lead in range(0xA1, 0xC7)
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    return frozenset(
        "".join(pair.decode("gb2312", "ignore") for pair in gb2312)
        + "".join(pair.decode("big5", "ignore") for pair in big5)
    )


def _refuse_magic_numbers(raw: bytes) -> None:
    for magic, description in _MAGIC_NUMBERS:
        if raw.startswith(magic):
            raise _binary(f"it is {description}")


def _empty() -> UnusableFileError:
    return UnusableFileError(ProblemKind.EMPTY_FILE, "The file is empty.")


def _binary(reason: str) -> UnusableFileError:
    return UnusableFileError(
        ProblemKind.BINARY_FILE,
        f"The file is no text: {reason}. Only Markdown, HTML and zip files can be imported.",
    )


def _unknown_encoding(raw: bytes) -> UnusableFileError:
    try:
        raw.decode("utf-8")
        place = ""
    except UnicodeDecodeError as error:
        place = f" (the first wrong byte is number {error.start + 1:,} of {len(raw):,})"
    return UnusableFileError(
        ProblemKind.UNKNOWN_ENCODING,
        f"The encoding of the text could not be found: it is not valid UTF-8{place}, nor does it "
        "make sense as UTF-16, GB18030 or Big5. It may be damaged or cut short; otherwise save it "
        "as UTF-8 and import it again.",
    )
