"""Any string in, a harmless fixed point out: limits, broken markup, and properties."""

import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from articles.sanitising import clean, plain_text, sanitise, without_pictures
from tests.articles.test_sanitising_rules import violations

SHARED = Path(__file__).parents[2].parent / "shared"
PUBLISHED = datetime(2023, 12, 14)


TOO_MANY = "the body holds more than 20,000 tags and character references"


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<p>字</p>" + "x" * 2_000_000, "the body is longer than 2,000,000 characters"),
        ("<p>字</p>" + "<div>" * 257 + "深", "the body nests deeper than 256 elements"),
        ("<p>字</p>" + "<div>" * 20_000, "the body nests deeper than 256 elements"),
        (
            "<p>字</p><p " + " ".join(f"a{n}" for n in range(51)) + ">多</p>",
            "an element of the body has more than 50 attributes",
        ),
        (
            "<p>字</p><p " + " ".join(f"a{n}='>'" for n in range(100_000)) + ">多</p>",
            "an element of the body has more than 50 attributes",
        ),
        ("<p>字</p>" + "<" * 1_000_000, TOO_MANY),
        ("<p>字</p>" + "&" * 200_000, TOO_MANY),
        ("<p>字</p>" + "\xa0" * 30_000, TOO_MANY),
    ],
)  # fmt: skip
def test_over_a_limit_only_the_text_is_kept(html: str, reason: str) -> None:
    cleaned = clean(html)
    assert cleaned.text_only == reason
    assert cleaned.body.startswith("<p>字</p>")
    assert cleaned.text.startswith("字")
    assert clean(cleaned.body).body == cleaned.body
    assert plain_text(cleaned.body) == cleaned.text
    assert sanitise(html) == cleaned.body


def test_at_the_limits_nothing_is_lost() -> None:
    deep = "<b>" * 255 + "<i>深</i>" + "</b>" * 255
    assert clean(deep).text_only == ""
    assert clean(deep).body == deep
    many = "<p " + " ".join(f"a{n}" for n in range(50)) + ">多</p>"
    assert clean(many).body == "<p>多</p>"


def test_text_only_bodies_are_escaped_text_without_scripts() -> None:
    html = (
        "<div>" * 300
        + "<p>一 &lt;b&gt; &amp; 二<br>三</p><script>alert(1)</script><!-- 四 --><title>五</title>"
        + "六 < 七 <a href='>'>八</a>"
    )
    cleaned = clean(html)
    assert cleaned.body == "<p>一 &lt;b&gt; &amp; 二</p><p>三</p><p>六 &lt; 七 八</p>"
    assert cleaned.text == "一 <b> & 二\n三\n六 < 七 八"


def test_the_time_at_the_top_goes_from_text_only_too() -> None:
    html = "<p>14/12/2023 - 15:56</p><p>文</p>" + "<div>" * 300
    assert clean(html, published_at=PUBLISHED).body == "<p>文</p>"


def test_formatting_is_not_multiplied() -> None:
    """Browsers open <b> and <i> anew in every block that cuts them; attackers make use of that."""
    opened = "".join(f'<b lang="a{n}">' for n in range(200))
    for html in (f"<p>{opened}" + "<div>字</div>" * 1000, f"<ul>{opened}" + "<li>字</li>" * 1000):
        assert len(clean(html).body) < 2 * len(html)
        assert len(sanitise(html)) < 2 * len(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>前</body></html><p>后", "<p>前</p><p>后</p>"),
        ("<html><head><title>题</title></head><body><p>文</p></body></html>", "<p>文</p>"),
        ("<p>一<p>二", "<p>一</p><p>二</p>"),
        ("<p><span>一<div>二</div></span></p>", "<div><span>一<div>二</div></span></div>"),
        ("<table>文<tr><td>格</td></tr></table>", "<div>文<div>格</div></div>"),
        ("<li>项</li>", "<div>项</div>"),
        ("<pre>\n\n文</pre>", "<pre>文</pre>"),
        ("<embed src=x><p>文</p>", "<p>文</p>"),
        ("一<wbr>二<wbr>三", "一<wbr>二<wbr>三"),
        ("<em><em><em><em>文</em></em></em></em>", "<em><em><em><em>文</em></em></em></em>"),
    ],
)
def test_broken_markup(html: str, expected: str) -> None:
    assert clean(html).body == expected
    assert clean(expected).body == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一\x00二\x08三\x1b四\ufeff</p>", "一二三四"),
        ("<p>一\ud800二\udfff</p>", "一二"),
        ("<p>一\r\n二\r三\t四</p>", "一 二 三 四"),
        ("<p>一&#8;二&#x1b;三</p>", "一二三"),
        ("<p>一&#13;二</p>", "一 二"),
        ("\ufeff<p>一</p>", "一"),
    ],
)
def test_control_characters_go(html: str, text: str) -> None:
    cleaned = clean(html)
    assert cleaned.text == text
    assert clean(cleaned.body) == cleaned


def test_control_characters_in_attributes_go() -> None:
    html = '<a href="https://example.org/&#1;a\x00b" title="一&#8;二">字</a>'
    body = clean(html).body
    assert 'href="https://example.org/ab"' in body
    assert 'title="一二"' in body


def test_endless_number_references() -> None:
    html = "<p>一&#" + "1" * 10_000 + ";</p>"
    assert clean(html).text.startswith("一")
    assert clean(html + "<div>" * 300).text.startswith("一")


def test_many_threads_at_once() -> None:
    pages = [f"<p>{n}<b>{n}" * 20 for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(clean, pages)) == [clean(page) for page in pages]


_TAG_NAMES = (
    "p br hr div span h1 h2 h3 blockquote pre code a b i em font center table caption colgroup col "
    "thead tbody tr td th ul ol li dl dt dd ruby rt rp rtc figure figcaption img iframe embed "
    "object video source picture section form svg math script style noscript title textarea "
    "select option button wbr o:p details html body head frameset plaintext xmp template mi "
    "annotation-xml foreignObject marquee share-button"
)
_ATTRIBUTES = [
    "",
    "",
    "",
    ' href="https://example.org/a"',
    ' href="//example.org/&amp;lt;"',
    " href=/a",
    ' href="https://x.com/intent/tweet?a"',
    ' href="http://[a"',
    ' href="https://example.org/&#10;\r b"',
    ' src="https://example.org/a?b&amp;copy;=1"',
    " src=a.png",
    " data-src=//example.org/a.png",
    ' srcset="a 1x, b 2x"',
    " lang=zh",
    " hidden",
    ' style="display:none"',
    " class=sr-only",
    ' title="a&#10;b&lt;\x00"',
    ' alt="&amp;quot;&quot;\'<>"',
    " colspan=2",
    " width=1 height=1",
    ' a="',
    " '",
    " =",
    " {a}b=c",
    " {{}}javascript:a",
    " xml:lang=zh",
    " /",
]
_TEXTS = [
    "字", "x", " ", "\n", "\r", "\xa0", "<", "&", '"', "'", ">", "\x00", "\ud800", "\u200b",
    "\ufeff", " {a}b=c", " {{}}a",
    "&lt;", "&amp;lt;", "&nbsp;", "&#13;", "&#0;", "&#x1f;", "&#60;b&#62;", "&NotEqualTilde;",
    "分享", "广告", "14/12/2023 - 15:56", "<!--", "-->", "<![CDATA[", "]]>", "\x80",
]  # fmt: skip
_names = st.sampled_from(_TAG_NAMES.split(" "))
_tags = st.builds(
    lambda name, attributes, end: f"<{name}{''.join(attributes)}{end}",
    _names,
    st.lists(st.sampled_from(_ATTRIBUTES), max_size=3),
    st.sampled_from([">", ">", ">", "/>", ""]),
)
markup = st.lists(
    st.one_of(_tags, _tags, _names.map("</{}>".format), st.sampled_from(_TEXTS)), max_size=40
).map("".join)


@settings(max_examples=400, deadline=None)
@given(html=markup, url=st.sampled_from(["", "https://example.org/a/"]), dated=st.booleans())
def test_markup_comes_out_as_a_harmless_fixed_point(html: str, url: str, dated: bool) -> None:
    published_at = PUBLISHED if dated else None
    cleaned = clean(html, url=url, published_at=published_at)
    assert violations(cleaned.body) == []
    assert clean(cleaned.body).body == cleaned.body
    assert clean(cleaned.body, url=url, published_at=published_at).body == cleaned.body
    assert sanitise(cleaned.body) == cleaned.body
    assert plain_text(cleaned.body) == cleaned.text
    assert all(line == " ".join(line.split()) != "" for line in cleaned.text.split("\n") if line)
    assert "\n\n" not in cleaned.text
    sanitised = sanitise(html)
    assert violations(sanitised) == []
    assert sanitise(sanitised) == sanitised
    assert "<img" not in without_pictures(cleaned.body)


@settings(max_examples=300, deadline=None)
@given(html=st.text(), url=st.text())
def test_nothing_raises(html: str, url: str) -> None:
    cleaned = clean(html, url=url)
    assert violations(cleaned.body) == []
    assert clean(cleaned.body).body == cleaned.body
    assert sanitise(sanitise(html)) == sanitise(html)
    plain_text(html)
    without_pictures(html)


AD_LABELS = {"广告", "廣告", "advertisement", "advertisements", "advertising"}


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Cf", "Z")), min_size=1))
def test_text_is_kept(text: str) -> None:
    """What a reader reads of an article without furniture is all there."""
    assume(text.casefold() not in AD_LABELS)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert clean(f"<section><p>{escaped}</p></section>").text == text


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="the sample archive is not here")
def test_real_articles_are_fixed_points() -> None:
    for name, html in real_bodies(300):
        cleaned = clean(html, url=f"https://{name.split('/')[1]}/")
        assert cleaned.text_only == "", name
        assert violations(cleaned.body) == [], name
        assert clean(cleaned.body).body == cleaned.body, name
        assert sanitise(cleaned.body) == cleaned.body, name
        assert plain_text(cleaned.body) == cleaned.text, name


def real_bodies(count: int) -> list[tuple[str, str]]:
    """Bodies from the sample archive, from every folder, with the names of their files."""
    bodies = []
    with tarfile.open(SHARED / "data" / "sample-archive.tar.xz") as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        by_folder: dict[str, list[tarfile.TarInfo]] = {}
        for member in members:
            by_folder.setdefault(member.name.rpartition("/")[0], []).append(member)
        wanted: set[str] = set()
        for folder in by_folder.values():
            step = max(1, len(folder) * len(by_folder) // count)
            wanted.update(member.name for member in folder[::step])
        for member in members:
            if member.name in wanted and (file := archive.extractfile(member)):
                page = file.read().decode("utf-8", errors="replace")
                bodies.append((member.name, page.partition("\n------\n")[2]))
    return bodies
