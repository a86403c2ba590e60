"""Documents that are hard to search, and a scan that tells how they must be found.

The scan knows no grams, no index and no engine, nor the patterns that these use.
"""

import html
import io
import lzma
import re
import tarfile
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import opencc

from articles.importing.decoding import decode
from articles.importing.formats import parse
from articles.importing.parsed import NotAnArticleError, UnusableFileError
from articles.sanitising import clean
from search import text
from search.documents import Document
from search.engines.base import Engine
from search.engines.whoosh import WhooshBackend
from search.finding import find_articles
from search.query import AnyOf, Query
from search.text import fold
from search.understanding import understand

Documents = dict[int, Document]

ROOT = Path(__file__).parents[2]
REAL_ARCHIVE = ROOT.parent / "shared" / "data" / "sample-archive.tar.xz"
FULL_WIDTH = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}

SAMPLE = Path(__file__).parents[2] / "sample" / "articles"
DIFFICULT = [
    ("國安法二讀", "立法會通過國安法。\n衞生署：台灣、臺灣、裏面、裡面"),
    ("国安法二读", "立法会通过国安法。\n卫生署：台湾、台湾、里面、里面"),
    ("国家安全法修订", "草案公布"),
    ("修订草案", "关于国家，安全法\n的讨论。国家安全另有其法"),
    ("北约 NATO 峰会", "ＮＡＴＯ与nat、natoo、nato-2023，Ｆ－35、F-35A、F350、elf-35"),
    ("iPhone15发布", "iphone 15 与 iPhone15Pro，15寸，2015年，covid-19 COVID19"),
    ("カタカナ東京オリンピック", "ひらがな和汉字한국대통령mixed脚本"),
    ("习", "近平"),
    ("习近平", "习 近平\n近平"),
    ("", "没有标题"),
    ("没有正文", ""),
    ("标点", "，。！？…—“”《》*\"'()[]{}<>&%$#@_^~`|\\/"),
    ("重复重复重复", "重复" * 50 + "\n" + "法" * 30),
    ("长" * 300, "x" * 250 + " " + "9" * 250),
    ("𠮷野家𪜀", "扩展区汉字𠮷、兼容字豈、々〇"),
    ("a_b a-b a--b", "a.b a/b a b ab -ab- é e\u0301 ß ẞ İ ΑΣ"),
]


def _sample() -> list[tuple[int, datetime | None, str, str]]:
    folders = sorted(path for path in SAMPLE.iterdir() if path.is_dir())
    found: list[tuple[int, datetime | None, str, str]] = []
    for outlet, folder in enumerate(folders, start=1):
        for path in sorted(folder.iterdir()):
            head, _dashes, body = path.read_text(encoding="utf-8").partition("\n------\n")
            time = re.search(r"<!--(\d+)-->", head)
            blocks = re.sub(r"</?(?:p|h\d|li|ul|ol|tr|table|div|br|blockquote)\b[^>]*>", "\n", body)
            text = html.unescape(re.sub(r"<[^>]*>", "", blocks))
            lines = (" ".join(line.split()) for line in text.splitlines())
            published = datetime.fromtimestamp(int(time[1]) / 1000, UTC) if time else None
            title = head.rpartition("](")[0].rpartition("\n")[2].removeprefix("[")
            found.append((outlet, published, title, "\n".join(filter(None, lines))))
    return found


def documents() -> Documents:
    """Documents by id: half of the difficult ones at one moment, some undated."""
    moments = [datetime(2020, 6, 30, 16, tzinfo=UTC), None]
    difficult = [
        (10 + number % 3, moments[number % 2], title, text)
        for number, (title, text) in enumerate(DIFFICULT)
    ]
    return {
        pk: Document(pk, outlet, published, " ".join(fold(title).split()), fold(text))
        for pk, (outlet, published, title, text) in enumerate(_sample() + difficult, start=100)
    }


def loader(documents: Documents) -> Callable[[Sequence[int]], list[Document]]:
    return lambda ids: [documents[pk] for pk in ids if pk in documents]


def asked(query: str, **options: Any) -> Query:
    return Query(understand(query).condition or AnyOf(), **options)


def ids_of(backend: Engine, query: Query) -> list[int]:
    hits = backend.find(query, 0, None)
    assert hits.count == len(hits.found)
    return [pk for pk, _score in hits.found]


# The oracle: a scan that knows no grams, no index and no engine.


@cache
def is_unspaced(character: str) -> bool:
    scripts_with_spaces = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")
    name = unicodedata.name(character, "")
    return character.isalnum() and not name.startswith(scripts_with_spaces)


def continues(character: str, neighbour: str) -> bool:
    """Tell whether a token goes on from one character to the next one."""
    if not neighbour or is_unspaced(character) or is_unspaced(neighbour):
        return False
    if character.isdecimal():
        return neighbour.isdecimal()
    return neighbour.isalnum() and not neighbour.isdecimal()


def holds(form: str, piece: str) -> bool:
    start = form.find(piece)
    while start >= 0:
        end = start + len(piece)
        before, after = form[start - 1 : start] if start else "", form[end : end + 1]
        if not continues(piece[0], before) and not continues(piece[-1], after):
            return True
        start = form.find(piece, start + 1)
    return False


def plain(query: str) -> str:
    """Return ``query`` with punctuation in the place of what means something in the language."""
    query = re.sub(r'[()（）|｜"“”„＂「」『』《》:：]', "，", query)
    query = re.sub(r"(?:^|(?<=\s))[-－]+", "，", query)
    return re.sub(r"\b(OR|AND|NOT)\b", lambda match: match[0].lower(), query)


@cache
def in_gaps(folded: str) -> str:
    """Return a block with each run of what is no letter, no digit and no sign made one space."""
    return re.sub(" +", " ", "".join(c if is_content(c) else " " for c in folded))


@cache
def is_content(character: str) -> bool:
    """Tell whether people look for a character: letters, digits, signs such as ℃ and emoji."""
    ranges = [
        ("\u2100", "\u214f"),
        ("\u2e80", "\u2fdf"),
        ("\u3200", "\u33ff"),
        ("\ue000", "\uf8ff"),
        ("\U0001f000", "\U0001faff"),
    ]
    return character.isalnum() or any(first <= character <= last for first, last in ranges)


def holds_phrase(form: str, phrase: str) -> bool:
    """Tell whether a block holds exactly the phrase, every run of punctuation being one gap."""
    wanted = in_gaps(phrase)
    for block in map(in_gaps, form.split("\n")):
        start = block.find(wanted)
        while start >= 0:
            before = block[start - 1 : start] if start else ""
            after = block[start + len(wanted) : start + len(wanted) + 1]
            if not joins(wanted[0], before) and not joins(wanted[-1], after):
                return True
            start = block.find(wanted, start + 1)
    return False


def joins(character: str, neighbour: str) -> bool:
    """Tell whether two neighbours are of one token: letters and digits of spaced scripts."""
    return all(c.isalnum() and not is_unspaced(c) for c in (character, neighbour or " "))


def holds_words(form: str, query: str) -> bool:
    """Tell whether a form holds all words of a plain query, by the promised rules."""
    strings: list[str] = []
    for word in text.words(fold(query)):
        short = sum(map(is_unspaced, word)) <= 4
        strings += [word] if short else text.pieces(word)
    return bool(strings) and all(holds(form, string) for string in strings)


def scan(documents: Documents, query: str) -> set[int]:
    """Return the ids of documents that hold all words of ``query``."""
    return {pk for pk, document in documents.items() if holds_words(document.form, query)}


def in_capitals(string: str) -> str:
    """Return a string in capitals; as it is where they are other letters, as for ß (SS)."""
    return string.upper() if fold(string.upper()) == fold(string) else string


def in_traditional(string: str) -> str:
    """Return a string as OpenCC writes it in Traditional characters.

    Where it chooses by the phrase one that folds to another (背着: 揹著), the string as it is: such
    pairs are two words to a search that folds character by character.
    """
    written = _traditional().convert(string)
    return written if fold(written) == fold(string) else string


@cache
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def folded_document(
    pk: int, outlet: int, published: datetime | None, title: str, body: str
) -> Document:
    return Document(pk, outlet, published, " ".join(fold(title).split()), fold(body))


def real_documents(most: int) -> Documents:
    """Return articles of the shared archive, some of each folder, parsed and cleaned."""
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(REAL_ARCHIVE.read_bytes()))) as archive:
        by_folder: dict[str, list[tarfile.TarInfo]] = {}
        for member in archive.getmembers():
            if member.isfile():
                by_folder.setdefault(member.name.split("/")[1], []).append(member)
        found: Documents = {}
        for outlet, members in enumerate(by_folder.values(), start=1):
            wanted = max(1, most * len(members) // 8_083)
            for member in members[:: max(1, len(members) // wanted)][:wanted]:
                file = archive.extractfile(member)
                assert file
                try:
                    parsed = parse(decode(file.read()), member.name)
                except (NotAnArticleError, UnusableFileError):
                    continue
                cleaned = clean(parsed.body, url=parsed.url)
                pk = len(found) + 1
                found[pk] = folded_document(
                    pk, outlet, parsed.published_at, parsed.title, cleaned.text
                )
    return found


def build(folder: Path, given: Documents) -> WhooshBackend:
    """Return the default engine with the given documents."""
    backend = WhooshBackend("default", PATH=folder)
    backend.rebuild(lambda: list(given), loader(given))
    return backend


def found_ids(query: str, **options: Any) -> list[int]:
    """Page to the end and return all ids, having checked the count on the way."""
    ids: list[int] = []
    page = 1
    while True:
        results = find_articles(query, page=page, page_size=7, **options)
        ids += [result.article.pk for result in results.results]
        if not results.results:
            assert results.count == len(ids)
            return ids
        page += 1
