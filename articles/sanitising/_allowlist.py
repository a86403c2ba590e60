"""The allowlist: the one table that both sanitisers and the tidying of the tree go by."""

import re


def words(text: str) -> frozenset[str]:
    """The words of the text as a set."""
    return frozenset(text.split())


TAGS = words(
    "p br hr div span h2 h3 h4 h5 h6 blockquote q cite pre code kbd samp var a abbr b strong i em "
    "u s del ins sub sup small mark time bdi bdo wbr ruby rb rt rp rtc ul ol li dl dt dd table "
    "caption colgroup col thead tbody tfoot tr th td figure figcaption img"
)

# What goes together with everything inside it. The last six can be embeds.
DROPPED = words(
    "script style noscript template svg math form input button select textarea title xmp "
    "noembed noframes plaintext base meta link object embed applet iframe video audio"
)

# Tags of older or page-wide HTML that have a twin in the allowlist. What is a block there stays a
# block, so that the words on its two sides never run together.
RENAMED = {
    "h1": "h2",
    "strike": "s",
    "tt": "code",
    "acronym": "abbr",
    "dir": "ul",
    "menu": "ul",
    "listing": "pre",
    **dict.fromkeys(
        words(
            "address article aside center dialog details fieldset footer header hgroup legend "
            "main nav optgroup option search section summary"
        ),
        "div",
    ),
}

BLOCKS = words(
    "p hr div h2 h3 h4 h5 h6 blockquote pre ul ol li dl dt dd table caption colgroup col thead "
    "tbody tfoot tr th td figure figcaption"
)
HEADINGS = words("h2 h3 h4 h5 h6")
CELLS = frozenset(("td", "th"))

REL = "noopener noreferrer nofollow"
PROTOCOLS = frozenset(("http", "https", "mailto"))

_WEB = r"https?://[\w\[%][^\s\x00-\x1f\x7f]{0,8000}"
# Our own media: nothing that could climb out of the folder or reach another page of the site.
_MEDIA = r"/media/(?!(?:.*/)?\.\.?(?:/|$))[\w./-]{1,500}"


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


_NUMBER = _pattern(r"[0-9]{1,4}")
_SPAN = _pattern(r"(?!0+$)[0-9]{1,3}")
_INTEGER = _pattern(r"-?[0-9]{1,6}")
_WORDS = _pattern(r".{0,5000}")

# (tag, attribute) → what its whole value must look like; "*" stands for every tag.
_RULES: dict[tuple[str, str], re.Pattern[str]] = {
    ("*", "lang"): _pattern(r"[a-z0-9-]{1,35}"),
    ("*", "dir"): _pattern(r"ltr|rtl|auto"),
    ("a", "href"): _pattern(rf"{_WEB}|mailto:[^\s\x00-\x1f\x7f]{{1,1000}}"),
    ("a", "title"): _WORDS,
    ("a", "rel"): re.compile(re.escape(REL)),
    ("img", "src"): _pattern(rf"{_WEB}|{_MEDIA}"),
    ("img", "alt"): _WORDS,
    ("img", "title"): _WORDS,
    ("img", "width"): _NUMBER,
    ("img", "height"): _NUMBER,
    ("ol", "start"): _INTEGER,
    ("ol", "type"): _pattern(r"[1ai]"),
    ("ol", "reversed"): _pattern(r"(?:reversed)?"),
    ("li", "value"): _INTEGER,
    ("time", "datetime"): _pattern(r"[0-9a-z:.+ -]{1,60}"),
    ("abbr", "title"): _WORDS,
    **{
        (cell, name): rule
        for cell in ("td", "th")
        for name, rule in (
            ("colspan", _SPAN),
            ("rowspan", _SPAN),
            ("scope", _pattern(r"row|col|rowgroup|colgroup")),
        )
    },
    ("col", "span"): _SPAN,
    ("colgroup", "span"): _SPAN,
}


def allowed(tag: str, name: str, value: str) -> bool:
    """Whether an element `tag` may carry the attribute `name` with this value."""
    rule = _RULES.get((tag, name)) or _RULES.get(("*", name))
    return rule is not None and rule.fullmatch(value) is not None


def attribute_names() -> dict[str, set[str]]:
    """The names of the attributes that some value of is allowed, by tag ("*" for every tag)."""
    names: dict[str, set[str]] = {}
    for tag, name in _RULES:
        names.setdefault(tag, set()).add(name)
    return names
