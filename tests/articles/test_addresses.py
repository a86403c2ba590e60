"""One article has one canonical address, however its address was written."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from articles.addresses import LONGEST_ADDRESS, canonical_address, host_of


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("http://www.rfi.fr/cn/a", "https://www.rfi.fr/cn/a"),
        ("HTTPS://WWW.RFI.FR:443/CN", "https://www.rfi.fr/CN"),
        ("http://a.b:80/", "https://a.b/"),
        ("http://a.b:8080/", "https://a.b:8080/"),
        ("https://a.b", "https://a.b/"),
        ("https://www.rfi.fr//cn///a//", "https://www.rfi.fr/cn/a/"),
        ("https://a.b/c#part", "https://a.b/c"),
        ("https://a.b/%e4%b8%ad%7E%2f", "https://a.b/%E4%B8%AD~%2F"),
        ("https://a.b/中 文", "https://a.b/%E4%B8%AD%20%E6%96%87"),
        ("https://a.b/100%", "https://a.b/100%25"),
        ("https://a.b/Wiki_(x)", "https://a.b/Wiki_(x)"),
        ("https://user:secret@a.b./c", "https://a.b/c"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        (" \thttps://a.b/c\n", "https://a.b/c"),
    ],
)
def test_ways_to_write_an_address_count_as_one(written: str, canonical: str) -> None:
    assert canonical_address(written) == canonical


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("?ref=rss", ""),
        ("?source=rss-f1fb3e40dc37------2", ""),
        ("?utm_source=x&b=2&utm_medium=y&a=1", "?b=2&a=1"),
        ("?fbclid=x&gclid=y&spm=z", ""),
        ("?at_medium=RSS&xtor=RSS-1&xtref=x", ""),
        ("?maca=chi-rss-chi-all-1127-rdf", ""),
        ("?UTM_Source=x", ""),
        ("?ref=chapter-2", "?ref=chapter-2"),
        ("?id=1&id=2", "?id=1&id=2"),
        ("?", ""),
    ],
)
def test_only_tracking_parameters_are_dropped(query: str, kept: str) -> None:
    assert canonical_address(f"https://a.b/c{query}") == f"https://a.b/c{kept}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.b/c",
        "//a.b/c",
        "/c",
        "ftp://a.b/",
        "javascript:alert(1)",
        "https://",
        "https:///c",
        "http://[::1",
        "https://a b/",
        "https://a.b:99999/",
        "https://a..b/",
        "https://a%2Eb/",
    ],
)
def test_what_is_no_web_address_is_refused_with_a_message(address: str) -> None:
    with pytest.raises(ValueError, match=r"The (address|host|port)"):
        canonical_address(address)


def test_too_long_an_address_is_refused() -> None:
    begin = "https://a.b/"
    longest = begin + "x" * (LONGEST_ADDRESS - len(begin))
    assert canonical_address(longest) == longest
    with pytest.raises(ValueError, match="2,001 characters"):
        canonical_address(longest + "x")


def test_the_host_is_lower_case_and_without_www() -> None:
    assert host_of("HTTP://WWW.Rfi.fr:80/cn/") == "rfi.fr"
    assert host_of("https://cn.nytimes.com/") == "cn.nytimes.com"


@given(st.text())
@example("%%34")
@example("%4%31")
@example("?%75tm_source=x")
@example("a//?&&b")
@example("\ud800")
def test_canonical_form_is_ascii_and_final(rest: str) -> None:
    try:
        canonical = canonical_address(f"http://a.b/{rest}")
    except ValueError:
        return
    assert canonical.isascii()
    assert canonical_address(canonical) == canonical


@given(st.text())
def test_any_text_gives_an_address_or_a_value_error(text: str) -> None:
    try:
        canonical = canonical_address(text if "://" in text else f"http://{text}")
    except ValueError:
        return
    assert canonical_address(canonical) == canonical
