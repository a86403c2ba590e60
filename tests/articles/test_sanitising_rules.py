"""The allowlist: what leaves the sanitiser, whatever came in."""

import json
import re
from pathlib import Path

import bleach
import pytest
from lxml import etree

from articles import sanitising
from articles.sanitising import clean, plain_text, sanitise, without_pictures

SHARED = Path(__file__).parents[2].parent / "shared"
REL = "noopener noreferrer nofollow"


def words(text: str) -> set[str]:
    return set(text.split())


TAGS = words(
    "p br hr div span h2 h3 h4 h5 h6 blockquote q cite pre code kbd samp var a abbr b strong i em "
    "u s del ins sub sup small mark time bdi bdo wbr ruby rb rt rp rtc ul ol li dl dt dd table "
    "caption colgroup col thead tbody tfoot tr th td figure figcaption img"
)
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "scope"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "time": {"datetime"},
    "abbr": {"title"},
}
HARMLESS = re.compile(r"https?://[^\s]+", re.IGNORECASE)
HARMLESS_LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)


def violations(body: str) -> list[str]:
    """What a browser would find in the body that it must not find there."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    tree = etree.fromstring(f"<html><body><div>{body}</div>".encode(), parser)
    found = []
    for element in tree.find("body")[0].iterdescendants():
        if element.tag not in TAGS:
            found.append(f"element {element.tag}")
            continue
        for name, value in element.attrib.items():
            if name not in ATTRIBUTES.get(element.tag, set()) | {"lang", "dir"}:
                found.append(f"attribute {element.tag} {name}")
            elif name == "href" and not HARMLESS_LINK.fullmatch(value):
                found.append(f"href {value}")
            elif name == "src" and not (HARMLESS.fullmatch(value) or value.startswith("/media/")):
                found.append(f"src {value}")
            elif name == "rel" and value != REL:
                found.append(f"rel {value}")
        if element.tag == "a" and element.get("rel") != REL:
            found.append("a link without rel")
    return found


def payloads() -> list[str]:
    path = SHARED / "data" / "xss_payloads.json"
    if not path.exists():
        return []
    return [entry["payload"] for entry in json.loads(path.read_text("utf-8"))]


def test_only_the_door_is_public() -> None:
    assert set(sanitising.__all__) == {
        "VERSION",
        "Cleaned",
        "Loss",
        "LossKind",
        "StoredPicture",
        "clean",
        "losses",
        "plain_text",
        "remote_pictures",
        "sanitise",
        "with_pictures",
        "without_pictures",
    }
    assert sanitising.VERSION >= 1


@pytest.mark.parametrize(
    "tag",
    sorted(TAGS - words("br hr wbr img col colgroup a table caption")),
)
def test_allowed_elements_stay(tag: str) -> None:
    wrapping = {
        "li": "<ul>{}</ul>",
        "dt": "<dl>{}</dl>",
        "dd": "<dl>{}</dl>",
        "td": "<table><tbody><tr>{}</tr></tbody></table>",
        "th": "<table><tbody><tr>{}</tr></tbody></table>",
        "tr": "<table><tbody>{}</tbody></table>",
        "thead": "<table>{}</table>",
        "tbody": "<table>{}</table>",
        "tfoot": "<table>{}</table>",
        "rb": "<ruby>{}</ruby>",
        "rt": "<ruby>{}</ruby>",
        "rp": "<ruby>{}</ruby>",
        "rtc": "<ruby>{}</ruby>",
    }.get(tag, "{}")
    inside = {
        "tr": "<td>字</td>",
        "thead": "<tr><td>字</td></tr>",
        "tbody": "<tr><td>字</td></tr>",
        "tfoot": "<tr><td>字</td></tr>",
    }.get(tag, "字")
    html = wrapping.format(f"<{tag}>{inside}</{tag}>")
    assert clean(html).body == html
    assert sanitise(html) == html


def test_elements_without_content_stay_where_they_mean_something() -> None:
    html = (
        '<p>上<br>下<wbr>末</p><hr><img src="https://example.org/a.png">'
        "<table><colgroup><col></colgroup><tbody><tr><td></td><th>字</th></tr></tbody></table>"
    )
    assert clean(html).body == html


@pytest.mark.parametrize(
    "html",
    [
        '<p lang="zh-Hant" dir="rtl">字</p>',
        f'<a href="https://example.org/?a=1&amp;b=2" title="题" rel="{REL}">字</a>',
        f'<a href="mailto:red@example.org" rel="{REL}">字</a>',
        '<img src="https://example.org/a.png" alt="图" title="题" width="640" height="480">',
        '<img src="/media/2023/a.png">',
        '<table><tbody><tr><td colspan="2" rowspan="3">字</td></tr></tbody></table>',
        '<table><tbody><tr><th scope="row">字</th></tr></tbody></table>',
        '<ol start="3" type="A" reversed=""><li value="7">字</li></ol>',
        '<p><time datetime="2023-12-14T15:56:00+01:00">字</time></p>',
        '<p><abbr title="题">字</abbr></p>',
    ],
)
def test_allowed_attributes_stay(html: str) -> None:
    assert clean(html).body == html
    assert sanitise(html) == html


@pytest.mark.parametrize(
    "attribute",
    [
        'style="color:red"',
        'class="a"',
        'id="a"',
        'name="a"',
        'onclick="alert(1)"',
        'onmouseover="alert(1)"',
        'data-a="1"',
        'aria-label="a"',
        'role="button"',
        'tabindex="1"',
        'target="_blank"',
        'cite="https://example.org/"',
        'ping="https://example.org/"',
        'background="https://example.org/a.png"',
        'srcset="https://example.org/a.png 2x"',
        'dir="sideways"',
        'lang="&quot;&gt;"',
        'xml:lang="zh"',
        'contenteditable=""',
        'width="10"',
        'href="https://example.org/"',
    ],
)
def test_other_attributes_go(attribute: str) -> None:
    html = f"<p {attribute}>字</p>"
    assert clean(html).body == "<p>字</p>"
    assert sanitise(html) == "<p>字</p>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<td colspan="0">字</td>', "<td>字</td>"),
        ('<td colspan="1000">字</td>', "<td>字</td>"),
        ('<td rowspan="2x">字</td>', "<td>字</td>"),
        ('<td colspan="999">字</td>', '<td colspan="999">字</td>'),
    ],
)
def test_spans_have_limits(html: str, expected: str) -> None:
    table = "<table><tbody><tr>{}</tr></tbody></table>"
    assert clean(table.format(html)).body == table.format(expected)


@pytest.mark.parametrize("size", ["12345", "10%", "-1", "1e3", ""])
def test_picture_sizes_have_at_most_four_digits(size: str) -> None:
    html = f'<img src="https://example.org/a.png" width="{size}">'
    assert clean(html).body == '<img src="https://example.org/a.png">'


@pytest.mark.parametrize(
    "tag",
    sorted(
        words(
            "script style noscript template svg math object applet iframe form button select "
            "textarea title xmp noembed noframes"
        )
    ),
)
def test_dropped_with_their_content(tag: str) -> None:
    html = f"<p>前</p><{tag}>中</{tag}><p>后</p>"
    assert clean(html).body == "<p>前</p><p>后</p>"
    assert sanitise(html) == "<p>前</p><p>后</p>"


@pytest.mark.parametrize("tag", ["base", "meta", "link", "input"])
def test_dropped_elements_without_content(tag: str) -> None:
    html = f"<p>前</p><{tag} href='https://example.org/' content='中' value='中'><p>后</p>"
    assert clean(html).body == "<p>前</p><p>后</p>"
    assert sanitise(html) == "<p>前</p><p>后</p>"


def test_plaintext_is_dropped() -> None:
    assert clean("<p>前</p><plaintext><p>后</p>").body == "<p>前</p>"


def test_comments_and_instructions_go() -> None:
    html = "<p>前<!-- 中 --><?php 中 ?><![CDATA[中]]>后</p>"
    assert clean(html).body == "<p>前后</p>"
    assert sanitise(html) == "<p>前后</p>"


def test_unknown_elements_leave_what_they_hold() -> None:
    assert clean("<p><font color=red>红</font><o:p>字</o:p></p>").body == "<p>红字</p>"


def test_blocks_outside_the_allowlist_stay_blocks() -> None:
    cleaned = clean("<section>一</section><center>二</center><article><p>三</p></article>")
    assert cleaned.body == "<div>一</div><div>二</div><p>三</p>"
    assert cleaned.text == "一\n二\n三"


def test_first_level_headings_become_second_level() -> None:
    assert clean("<h1>题</h1>").body == "<h2>题</h2>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " \x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "&#106;avascript:alert(1)",
        "&amp;#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "ftp://example.org/",
        "/relative",
        "//",
        "https://",
        "http://[",
    ],
)
def test_other_addresses_go(address: str) -> None:
    html = f'<p><a href="{address}">字</a></p>'
    assert clean(html).body == "<p>字</p>"
    assert violations(sanitise(html)) == []
    assert clean(f'<p>字<img src="{address}"></p>').body == "<p>字</p>"


@pytest.mark.parametrize("address", ["/media/../admin/", "/media//x.org/a", "/admin/logout/"])
def test_own_media_cannot_reach_other_pages(address: str) -> None:
    body = clean(f'<p>字<img src="{address}"></p>').body
    assert "admin" not in body


def test_links_leave_with_rel() -> None:
    html = '<a href="https://example.org/" rel="opener" target="_blank">字</a>'
    expected = f'<a href="https://example.org/" rel="{REL}">字</a>'
    assert clean(html).body == expected
    assert sanitise(html) == expected


def test_bleach_writes_the_string_last(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    original = bleach.sanitizer.Cleaner.clean

    def noting(self: bleach.sanitizer.Cleaner, text: str) -> str:
        result = original(self, text)
        written.append(result)
        return result

    monkeypatch.setattr(bleach.sanitizer.Cleaner, "clean", noting)
    assert clean('<p onclick="x">字 & <b>粗</b>').body is written[-1]
    assert sanitise('<p onclick="x">字 & <b>粗</b>') is written[-1]
    assert without_pictures('<p><img src="https://example.org/a.png"></p>') is written[-1]


@pytest.mark.skipif(not payloads(), reason="the attack strings are not here")
def test_attack_strings_come_out_harmless() -> None:
    for payload in payloads():
        for html in (
            payload,
            f"<p>前{payload}后</p>",
            f'<a href="{payload}">',
            f"<table>{payload}",
        ):
            cleaned = clean(html, url="https://example.org/a/")
            sanitised = sanitise(html)
            assert violations(cleaned.body) == [], html
            assert violations(sanitised) == [], html
            assert violations_html5(cleaned.body) == [], html
            assert clean(cleaned.body).body == cleaned.body, html
            assert sanitise(cleaned.body) == cleaned.body, html
            assert sanitise(sanitised) == sanitised, html
            assert plain_text(cleaned.body) == cleaned.text, html


def violations_html5(body: str) -> list[str]:
    """The same question to the HTML5 parser that comes with bleach."""
    tree = bleach.html5lib_shim.HTMLParser(namespaceHTMLElements=False).parseFragment(body)
    return [
        f"{element.tag} {sorted(element.attrib)}"
        for element in tree.iter()
        if element is not tree
        and (
            element.tag not in TAGS
            or set(element.attrib) - ATTRIBUTES.get(element.tag, set()) - {"lang", "dir"}
        )
    ]


def test_the_check_itself_sees_violations() -> None:
    bad = '<p onclick="x">a</p><script>b</script><a href="javascript:c">d</a>'
    assert len(violations(bad)) == 4
    assert len(violations_html5(bad)) == 2
