"""Bytes of every encoding that Chinese archives contain become text, or a clear problem."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.importing.decoding import decode
from articles.importing.parsed import ProblemKind, UnusableFileError

SIMPLIFIED = "美国防部中国事务高官在拜习会前曾会见中国驻美武官，双方讨论了两军关系。"
TRADITIONAL = "美國防部中國事務高官在拜習會前曾會見中國駐美武官，雙方討論了兩軍關係。"


def kind_of(raw: bytes) -> ProblemKind:
    with pytest.raises(UnusableFileError) as caught:
        decode(raw)
    assert caught.value.message
    return caught.value.kind


@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL, "plain ASCII", "naïve café – “x”"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_and_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("mark", [b"\xfe\xff", b""])
def test_utf16_big_endian(mark: bytes) -> None:
    text = f"[{SIMPLIFIED}](https://a.b/)\n一一一一一"
    assert decode(mark + text.encode("utf-16-be")) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [f"<p>{SIMPLIFIED}</p>", f"<p>{TRADITIONAL}</p>", "<p>a b</p>"])
def test_wide_encodings_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL, "一份简短的消息。", "一則簡短的消息。"])
def test_gb18030_is_told_from_big5(text: str) -> None:
    assert decode(text.encode("gb18030")) == text


@pytest.mark.parametrize("text", [TRADITIONAL, "一則簡短的消息。", "香港特區政府今日公布新措施"])
def test_big5_is_told_from_gb18030(text: str) -> None:
    assert decode(text.encode("big5")) == text


def test_four_byte_gb18030() -> None:
    text = f"{SIMPLIFIED}𠮷野家与藏文བོད་ཡིག"
    assert decode(text.encode("gb18030")) == text


def test_big5_with_hong_kong_characters() -> None:
    text = f"{TRADITIONAL}佢哋喺香港嘅生活，唔係咁簡單，嗰啲嘢邊個知。"
    assert decode(text.encode("big5hkscs")) == text


@pytest.mark.parametrize("label", ["gb2312", "GBK", "gb18030", "big5", "utf-8", "nonsense"])
@pytest.mark.parametrize("actual", ["gb18030", "big5hkscs", "utf-8"])
def test_a_wrong_declaration_does_no_harm(label: str, actual: str) -> None:
    text = f'<html><meta charset="{label}"><p>{TRADITIONAL}</p>'
    assert decode(text.encode(actual)) == text


def test_a_declaration_of_another_language_is_obeyed() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset={}">{}'
    french = page.format("iso-8859-1", "Été à Orléans")
    assert decode(french.encode("cp1252")) == french


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", b"\xef\xbb\xbf", "\ufeff \n".encode("utf-16")])
def test_nothing_is_an_empty_file(raw: bytes) -> None:
    assert kind_of(raw) == ProblemKind.EMPTY_FILE


@pytest.mark.parametrize(
    "raw",
    [
        b"\x89PNG\r\n\x1a\n" + b"x" * 50,
        b"%PDF-1.7 text",
        b"PK\x03\x04 text",
        gzip.compress(b"text", mtime=0),
        b"\0" * 100,
        b"text with a NUL \0 in it.",
        SIMPLIFIED.encode() + b"\0",
        bytes(range(1, 32)) * 10,
    ],
)
def test_what_is_no_text_is_a_binary_file(raw: bytes) -> None:
    assert kind_of(raw) == ProblemKind.BINARY_FILE


def test_damaged_text_is_a_problem_that_names_the_place() -> None:
    with pytest.raises(UnusableFileError, match="first wrong byte is number 7 of") as caught:
        decode("中国".encode() + b"\xff\xfe" + "的新闻，".encode() * 20)
    assert caught.value.kind == ProblemKind.UNKNOWN_ENCODING


def test_line_ends_become_one_kind() -> None:
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_nul_in_marked_utf16_is_dropped() -> None:
    assert decode("\ufeff中\0国".encode("utf-16-le")) == "中国"


@given(st.binary())
def test_any_bytes_give_clean_text_or_a_problem(raw: bytes) -> None:
    try:
        text = decode(raw)
    except UnusableFileError:
        return
    assert text.strip()
    assert "\0" not in text
    assert "\r" not in text
    text.encode("utf-8")


@given(st.text(min_size=1))
def test_every_text_survives_marked_utf8(text: str) -> None:
    clean = "".join(c for c in text if c.isprintable())
    if clean.strip():
        assert decode(b"\xef\xbb\xbf" + clean.encode()) == clean
