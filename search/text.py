"""How a text is folded and cut for searching. The only place that knows jieba and OpenCC.

The fold of a text has one character for each of its characters, so that a position in the fold is
the same position in the text. Query and text are folded alike.
"""

import logging
import re
import sys
from collections.abc import Iterator, Set
from functools import cache, lru_cache
from importlib import import_module
from threading import Lock
from typing import Any
from unicodedata import is_normalized, normalize

import numpy as np
import opencc

jieba: Any
try:
    # Written in Rust; cuts exactly as jieba does (a property test holds them together), faster.
    jieba = import_module("rjieba")
except ImportError:
    jieba = import_module("jieba")
    jieba.setLogLevel(logging.WARNING)

__all__ = [
    "LONGEST_GRAM",
    "NO_WORDS",
    "Grams",
    "OwnWords",
    "can_be_own_word",
    "converted",
    "fold",
    "gap_grams",
    "gram_of",
    "grams",
    "is_first",
    "is_token",
    "is_unspaced",
    "number_of",
    "occurrences",
    "one_object",
    "phrase_occurrences",
    "pieces",
    "required_grams",
    "required_triples",
    "segments",
    "telling_characters",
    "triples",
    "with_gaps",
    "words",
]

_HAN = r"々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_SPACED = (
    r"0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u0dff"
    r"\u10a0-\u10ff\u1200-\u139f\u1c80-\u1cbf\u1e00-\u1fff\u2c00-\u2dff\ua640-\ua7ff"
)
"""Letters and digits of scripts written with spaces between words: Latin to Sinhala, Georgian,
Ethiopic."""
_SIGNS = r"\u2100-\u214f\u2e80-\u2fdf\u3200-\u33ff\ue000-\uf8ff\U0001f000-\U0001faff"
"""Signs that people look for although they are no letters: ℃, ㎡, private use, emoji."""
_UNSPACED_CHARACTER = rf"(?:[{_SIGNS}]|[^\W_{_SPACED}])"
_SPACED_CHARACTER = rf"(?:(?![_\W])[{_SPACED}])"

_han_runs = re.compile(f"[{_HAN}]+")
_convertible = re.compile(r"[^\0\ud800-\udfff]+")
_unspaced = re.compile(_UNSPACED_CHARACTER)
_unspaced_runs = re.compile(f"{_UNSPACED_CHARACTER}+")
_spaced = re.compile(f"[{_SPACED}]+")
_SPACED_TOKEN = rf"{_SPACED_CHARACTER}+(?:-{_SPACED_CHARACTER}+)*"
_spaced_token = re.compile(_SPACED_TOKEN)
_tokens = re.compile(rf"(?P<unspaced>{_UNSPACED_CHARACTER}+)|{_SPACED_TOKEN}")
_parts = re.compile(r"\d+|[^\W\d_]+")
_gaps = re.compile(rf"(?:(?!{_UNSPACED_CHARACTER}|{_SPACED_CHARACTER}).)+", re.DOTALL)
_GAP_IN_BLOCK = rf"(?:(?!{_UNSPACED_CHARACTER}|{_SPACED_CHARACTER})[^\n])"
_DIGIT, _LETTER = rf"(?:(?=\d){_SPACED_CHARACTER})", rf"(?:(?!\d){_SPACED_CHARACTER})"
# From where a part begins, and no shorter: else a run of n letters takes n times as long as one.
_EDGE = rf"({_UNSPACED_CHARACTER}|(?<!{_DIGIT}){_DIGIT}++|(?<!{_LETTER}){_LETTER}++)"
_around_gaps = re.compile(f"{_EDGE}{_GAP_IN_BLOCK}+(?={_EDGE})")

LONGEST_WHOLE_WORD = 4
LONGEST_GRAM = 100
CODE_BITS = 21
"""So many hold a code point."""
FIRST_WITHOUT_LETTERS = 0x40000
"""The first code point of the planes that Unicode has no script for."""

Numbers = np.ndarray[Any, np.dtype[np.uint64]]
Mask = np.ndarray[Any, np.dtype[np.bool]]
Places = np.ndarray[Any, np.dtype[np.uint16]]
LAST_PLACE = 0xFFFF

OwnWords = frozenset[str]
"""Words of the editors, folded: texts are cut as if jieba's dictionary had them."""
NO_WORDS: OwnWords = frozenset()
OWN_WORD = re.compile(r"[\u4e00-\u9fd5]{2,20}")
"""Only these characters jieba and rjieba take for Han alike."""
OWN_FREQUENCY = 20_000
"""As often as a name that is often in the news stands in the texts of jieba's dictionary."""
_making = Lock()


@cache
def _fold_table() -> dict[int, str]:
    """Return the characters that fold to another one, but for those ``str.lower`` folds.

    Compatibility ideographs, radicals and half-width letters by Unicode's NFC and NFKC;
    traditional characters by OpenCC, asked once for each Han character (also by its tables for
    Hong Kong and Taiwan variants); full width as U+FF01 to U+FF5E lie beside ASCII.
    """
    han = [chr(code) for code in range(0x3400, 0x323B0) if _han_runs.match(chr(code))]
    table = {old: normalize("NFC", old) for old in han if not is_normalized("NFC", old)}
    for configuration in ("hk2s", "tw2s", "t2s"):
        converted = opencc.OpenCC(configuration).convert("\n".join(han)).split("\n")
        table |= {old: new for old, new in zip(han, converted, strict=True) if old != new}
    # An entry of the variants' tables that would break words of everyday Simplified, such as 什么.
    del table["么"]
    for old in table:
        while table[old] in table:
            table[old] = table[table[old]]
    for code in (*range(0x2E80, 0x2FE0), *range(0xFF61, 0xFFDD)):
        folded = normalize("NFKC", chr(code))
        if len(folded) == 1:
            table[chr(code)] = table.get(folded, folded)
    table |= {chr(code): chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)}
    table |= {"\u3000": " ", "\u2010": "-", "\u2011": "-"}
    # str.lower makes two characters of the first, and looks at the neighbours of the second.
    table |= {"İ": "i", "Σ": "σ", "ς": "σ"}
    return str.maketrans(table)


@cache
def _converter(configuration: str) -> opencc.OpenCC:
    """Return the one converter of a configuration; OpenCC's may be used by many threads at once."""
    return opencc.OpenCC(configuration)


def converted(text: str, configuration: str) -> str:
    """Return ``text`` in another script by OpenCC, phrase by phrase, character for character.

    ``configuration`` is s2tw, t2s, tw2s or hk2s: those whose dictionaries have no entry that
    changes its length, or that touches ASCII. OpenCC ends at a NUL and refuses surrogates.
    """
    convert = _converter(configuration).convert
    shown = _convertible.sub(lambda part: convert(part[0]), text)
    # Positions are relied on, whatever other versions of OpenCC come with.
    return shown if len(shown) == len(text) else text


@cache
def telling_characters() -> tuple[frozenset[str], frozenset[str]]:
    """Return the Han characters that only Simplified texts have, and only Traditional ones.

    Those that OpenCC would change, unless the other script's oldest character set has them too: 后
    and 里 are words of their own in Traditional, 着 is how Hong Kong writes.
    """
    han = [chr(code) for code in range(0x3400, 0xA000)]
    taiwan, hong_kong, mainland = (
        converted("\n".join(han), name).split("\n") for name in ("s2tw", "s2hk", "t2s")
    )
    simplified, traditional = set(), set()
    for character, *others in zip(han, taiwan, hong_kong, mainland, strict=True):
        if character != others[-1]:
            if not _is_in(character, "gb2312"):
                traditional.add(character)
        elif character not in others[:-1] and not _is_in(character, "big5"):
            simplified.add(character)
    return frozenset(simplified), frozenset(traditional)


def _is_in(character: str, encoding: str) -> bool:
    return bool(character.encode(encoding, "ignore"))


def fold(text: str) -> str:
    """Return the search form of ``text``: width, case and 简繁 folded, character for character."""
    return text.translate(_fold_table()).lower()


def is_unspaced(string: str) -> bool:
    """Tell whether both ends of ``string`` are of a script without spaces between words."""
    return bool(_unspaced.match(string[0]) and _unspaced.match(string[-1]))


def is_token(string: str) -> bool:
    """Tell whether a folded string lies within a token of scripts with spaces wherever it is."""
    return _spaced_token.fullmatch(string) is not None


def words(query: str) -> list[str]:
    """Return the words of a folded query: what stands between spaces and punctuation.

    ``f-35战机`` is one word; a word has no characters but letters, digits and inner hyphens.
    """
    found: list[str] = []
    end = -1
    for token in _tokens.finditer(query):
        if token.start() == end:
            found[-1] += token.group()
        else:
            found.append(token.group())
        end = token.end()
    return found


def with_gaps(folded: str) -> str:
    """Return a folded string with each run of punctuation and white space made one space."""
    return _gaps.sub(" ", folded)


def can_be_own_word(folded: str) -> bool:
    """Tell whether jieba can be given a folded word: 2 to 20 Han characters."""
    return OWN_WORD.fullmatch(folded) is not None


@lru_cache(maxsize=4)
def one_object(own_words: OwnWords) -> OwnWords:
    """Return for equal words the same object: it is compared at each cut, with itself at once."""
    return own_words


def _cutter(own_words: OwnWords) -> Any:
    """Return what cuts by jieba's dictionary and ``own_words``: has jieba's functions."""
    if not own_words:
        return jieba
    with _making:
        return _cutter_with(own_words, jieba)


@lru_cache(maxsize=2)
def _cutter_with(own_words: OwnWords, library: Any) -> Any:
    """Return a dictionary of its own with ``own_words``: 0.2 s and 25 MB with rjieba.

    No two words have the same frequency: where two cuts are equally likely, jieba and rjieba choose
    differently.
    """
    frequencies = enumerate(sorted(own_words), OWN_FREQUENCY)
    if hasattr(library, "Jieba"):
        cutter = library.Jieba()
        for frequency, word in frequencies:
            cutter.add_word(word, frequency, "")
    else:
        cutter = library.Tokenizer()
        cutter.initialize()
        for frequency, word in frequencies:
            # jieba would count twice what its dictionary has already; rjieba does not.
            cutter.total -= cutter.FREQ.get(word, 0)
            cutter.add_word(word, frequency)
    return cutter


def pieces(word: str, own_words: OwnWords = NO_WORDS) -> list[str]:
    """Return the strings that must all be in a text for ``word`` to be found.

    A short word is one piece. A long run of Han characters is cut by jieba, so that a headline
    typed without spaces finds the articles that tell it in another order.
    """
    runs = [token.group() for token in _tokens.finditer(word) if token["unspaced"]]
    if sum(map(len, runs)) <= LONGEST_WHOLE_WORD:
        return [word]
    found: dict[str, None] = {}
    cutter = _cutter(own_words)
    for token in _tokens.finditer(word):
        cut = cutter.cut(token.group()) if token["unspaced"] else [token.group()]
        found |= dict.fromkeys(cut)
    return list(found)


def segments(folded: str, own_words: OwnWords = NO_WORDS) -> Iterator[str]:
    """Yield the words by which a folded text is ranked: jieba's for searching, and tokens.

    Of tokens without end, their first ``LONGEST_GRAM`` characters.
    """
    cutter = _cutter(own_words)
    for token in _tokens.finditer(folded):
        if not token["unspaced"]:
            terms = {token.group(), *_parts.findall(token.group())}
            yield from (term[:LONGEST_GRAM] for term in terms)
            continue
        end = 0
        for run in _han_runs.finditer(token.group()):
            if run.start() > end:
                yield token.group()[end : run.start()][:LONGEST_GRAM]
            yield from cutter.cut_for_search(run.group())
            end = run.end()
        if end < len(token.group()):
            yield token.group()[end:][:LONGEST_GRAM]


class Grams(Set[str]):
    """A set of grams: ``parts`` as they are, ``numbers`` for those of unspaced scripts.

    A text has thousands of these, which as strings would take most of the time of indexing. Numbers
    are ascending, as the strings are that ``gram_of`` makes of them.
    """

    def __init__(self, numbers: Numbers, parts: set[str]) -> None:
        self.numbers = numbers
        self.parts = parts

    def __len__(self) -> int:
        return len(self.numbers) + len(self.parts)

    def __iter__(self) -> Iterator[str]:
        yield from map(gram_of, self.numbers.tolist())
        yield from self.parts

    def __contains__(self, gram: object) -> bool:
        return any(gram == own for own in self)


def grams(folded: str) -> Grams:
    """Return the terms by which a folded text is found.

    Every character and every two neighbours in runs of unspaced scripts; of other scripts the
    parts of tokens, cut where letters meet digits or a hyphen.
    """
    codes, unspaced = _code_points(folded)
    characters = codes << CODE_BITS
    pairs = (characters[:-1] | codes[1:])[unspaced[:-1] & unspaced[1:]]
    return Grams(
        _distinct(np.concatenate((characters[unspaced], pairs))),
        {part for run in _spaced.findall(folded) for part in _grams_of_parts(run)},
    )


def triples(folded: str) -> tuple[Numbers, Places]:
    """Return every three neighbours in runs of unspaced scripts, and where each is first.

    They are most of what there is to know of a text, so they are never strings but numbers, which
    ascend. Places are in bytes of UTF-8, and LAST_PLACE where they are further on.
    """
    codes, unspaced = _code_points(folded)
    shift = np.uint64(CODE_BITS)
    numbers = (codes[:-2] << shift | codes[1:-1]) << shift | codes[2:]
    lengths = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    places = np.minimum(np.cumsum(lengths) - lengths, LAST_PLACE).astype(np.uint16)
    in_runs = np.flatnonzero(unspaced[:-2] & unspaced[1:-1] & unspaced[2:])
    order = in_runs[np.argsort(numbers[in_runs], kind="stable")]
    first = order[is_first(numbers[order])]
    return numbers[first], places[first]


def required_triples(piece: str) -> set[str]:
    """Return the triples that every text with this folded piece has."""
    runs = (token["unspaced"] or "" for token in _tokens.finditer(piece))
    return {run[i : i + 3] for run in runs for i in range(len(run) - 2)}


def number_of(triple: str) -> int:
    """Return the number of three characters in what ``triples`` returns."""
    first, second, third = map(ord, triple)
    return first << 2 * CODE_BITS | second << CODE_BITS | third


def _code_points(string: str) -> tuple[Numbers, Mask]:
    """Return the code points of a string, and which are of a script without spaces."""
    codes = np.frombuffer(string.encode("utf-32-le", "surrogatepass"), np.uint32)
    return codes.astype(np.uint64), _is_unspaced()[codes]


def _distinct(numbers: Numbers) -> Numbers:
    # What np.unique returns, which since NumPy 2.3 takes three times as long.
    numbers = np.sort(numbers)
    return numbers[is_first(numbers)]


def is_first(ascending: "np.ndarray[Any, Any]") -> Mask:
    """Return a mask of ``ascending`` numbers: those that are unlike the one before."""
    mask = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=mask[1:])
    return mask


def gram_of(number: int) -> str:
    """Return the gram that a number of ``Grams`` stands for."""
    first, second = divmod(number, 1 << CODE_BITS)
    return chr(first) + chr(second) if second else chr(first)


@cache
def _is_unspaced() -> Mask:
    """Return for every code point whether it is of a script without spaces between words."""
    table = np.zeros(sys.maxunicode + 1, bool)
    # Beyond, there are no letters, and looking at all code points takes each process 0.2 s.
    for run in _unspaced_runs.finditer("".join(map(chr, range(FIRST_WITHOUT_LETTERS)))):
        table[run.start() : run.end()] = True
    return table


def required_grams(piece: str) -> set[str]:
    """Return grams that every text with this folded piece has, as few as tell the most."""
    terms: set[str] = set()
    for token in _tokens.finditer(piece):
        if token["unspaced"]:
            terms.update(_pairs(token.group()) or token.group())
        else:
            terms.update(_grams_of_parts(token.group()))
    return terms


def gap_grams(folded: str) -> set[str]:
    """Return the terms by which phrases across punctuation are found: what stands around gaps.

    Of unspaced scripts the character, of others the part of a token, on each side of a gap within a
    block. Every text that holds a phrase, as ``with_gaps`` makes it, has the terms of the phrase.
    """
    return {f"{a[:LONGEST_GRAM]} {b[:LONGEST_GRAM]}" for a, b in _around_gaps.findall(folded)}


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _grams_of_parts(token: str) -> Iterator[str]:
    return (part[:LONGEST_GRAM] for part in _parts.findall(token))


def occurrences(piece: str) -> re.Pattern[str]:
    """Return the pattern of a folded piece in folded text.

    At its ends, letters stand beside no other letters and digits beside no other digits: nat is
    not in nato, 35 is in f-35 and in f35a. A pattern that begins with its letters, and only then
    looks back, is searched for many times as fast.
    """
    begins = _edge(piece[0], f"(?<!{{}}{re.escape(piece)})")
    return re.compile(re.escape(piece) + begins + _edge(piece[-1], "(?!{})"))


def phrase_occurrences(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase, as ``with_gaps`` makes it, in folded text.

    A space matches any gap within a block. At the phrase's ends no letter or digit of a script with
    spaces stands beside another: "iphone" is not in iphone15.
    """
    first, *others = map(re.escape, phrase.strip().split())
    begins = _whole(phrase[0], f"(?<!{{}}{first})")
    if phrase[0] == " ":
        begins = f"(?<={_GAP_IN_BLOCK}{first})"
    ends = f"(?={_GAP_IN_BLOCK})" if phrase[-1] == " " else _whole(phrase[-1], "(?!{})")
    return re.compile(f"{_GAP_IN_BLOCK}+".join([first + begins, *others]) + ends)


def _whole(character: str, look_around: str) -> str:
    return "" if _unspaced.match(character) else look_around.format(_SPACED_CHARACTER)


def _edge(character: str, look_around: str) -> str:
    if _unspaced.match(character):
        return ""
    return look_around.format(r"\d" if character.isdecimal() else rf"(?!\d){_SPACED_CHARACTER}")
