"""Showing articles in Simplified or Traditional characters, whatever they were written in.

Characters change and nothing else does, one for one: words stay those of the author, and a position
in what was written is the same position in what is shown. Traditional is written as in Taiwan, as
the interface is.
"""

import re
from hashlib import sha256
from typing import Literal

from django.core.cache import cache

from search.markup import SHOWN_AS, tokens
from search.text import converted, telling_characters

__all__ = [
    "Script",
    "html_in_script",
    "language_of",
    "script_of_text",
    "text_in_script",
]

Script = Literal["hans", "hant"]

LANGUAGES = {"hans": "zh-Hans", "hant": "zh-Hant"}
"""Tags of BCP 47."""

LOOKED_AT = 3000
"""After so many characters it is clear what a text is written in."""
CACHED_LENGTHS = range(1_000, 100_000)
"""Shorter bodies are converted as fast as found; longer ones would fill the memory."""
CACHED_SECONDS = 3600
SEEN_ATTRIBUTES = ("alt", "title")

_attributes = re.compile(r"""(?P<name>[^\s=<>"'/]+)\s*=\s*(?P<value>"[^"]*"|'[^']*')""")
_kana = re.compile(r"[\u3041-\u30ff]")
_han = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def language_of(text: str, script: str) -> str:
    """Return the tag of the language that ``text`` is in when it is shown in ``script``.

    ``script`` is a Script, or "original"; "" for what is not Chinese.
    """
    if not _is_chinese(text):
        return ""
    return LANGUAGES.get(script) or LANGUAGES.get(script_of_text(text), "zh")


def script_of_text(text: str) -> Script | Literal[""]:
    """Return the script that ``text`` is written in; "" for what may be either, or no Chinese.

    The one of which there are more different characters that the other does not have.
    """
    if not _is_chinese(text):
        return ""
    seen = set(text[:LOOKED_AT])
    simplified, traditional = (len(seen & telling) for telling in telling_characters())
    if simplified == traditional:
        return ""
    return "hans" if simplified > traditional else "hant"


def text_in_script(text: str, script: Script) -> str:
    """Return plain ``text`` in ``script``, as long as before."""
    return _Conversion(text, script).line(text)


def html_in_script(html: str, script: Script) -> str:
    """Return a sanitised body, or escaped text, in ``script``, as long as before.

    Only text changes, and the attributes alt and title. Phrases are seen across inline elements.
    """
    if len(html) not in CACHED_LENGTHS:
        return _html_in_script(html, script)
    digest = sha256(html.encode("utf-8", "surrogatepass")).hexdigest()
    key = f"in-script:{script}:{digest}"
    found: str | None = cache.get(key)
    if found is None:
        found = _html_in_script(html, script)
        cache.set(key, found, CACHED_SECONDS)
    return found


def _is_chinese(text: str) -> bool:
    """Tell whether ``text`` has Chinese in it; Japanese is where there is one kana to four Han."""
    text = text[:LOOKED_AT]
    if not _han.search(text):
        return False
    return not _kana.search(text) or len(_kana.findall(text)) * 4 < len(_han.findall(text))


class _Conversion:
    """Converts the lines of a text; one that could be either script is taken for the whole's."""

    def __init__(self, text: str, script: Script) -> None:
        self._script = script
        self._written_in = script_of_text(text)
        # Taiwan writes 著 for what Hong Kong and the mainland write 着.
        self._from_traditional = "hk2s" if "着" in text or "衞" in text else "tw2s"

    def line(self, line: str) -> str:
        """Return ``line`` in the script."""
        if not _is_chinese(line):
            return line
        written_in = script_of_text(line) or self._written_in
        if self._script == "hant":
            return line if written_in == "hant" else converted(line, "s2tw")
        if written_in == "hant":
            return converted(line, self._from_traditional)
        # What Simplified texts quote; those that quote nothing may write of a Mr 於.
        return line if telling_characters()[1].isdisjoint(line) else converted(line, "t2s")

    def attribute(self, attribute: re.Match[str]) -> str:
        """Return an attribute, in the script if people see it."""
        if attribute["name"] not in SEEN_ATTRIBUTES:
            return attribute[0]
        return attribute[0].replace(attribute["value"], self.line(attribute["value"]))


def _html_in_script(html: str, script: Script) -> str:
    found = list(tokens(html))
    conversion = _Conversion("".join(token[0] for token in found if not token["tag"]), script)
    parts: list[str] = []
    line: list[int] = []
    for token in found:
        tag = token["tag"]
        if tag in SHOWN_AS:
            _convert_parts(parts, line, conversion)
            line = []
        if not tag:
            line.append(len(parts))
        parts.append(_attributes.sub(conversion.attribute, token[0]) if tag else token[0])
    _convert_parts(parts, line, conversion)
    return "".join(parts) + html[found[-1].end() if found else 0 :]


def _convert_parts(parts: list[str], line: list[int], conversion: _Conversion) -> None:
    """Convert the parts whose places are in ``line`` as one, so that no phrase is cut."""
    shown = conversion.line("".join(parts[place] for place in line))
    start = 0
    for place in line:
        end = start + len(parts[place])
        parts[place] = shown[start:end]
        start = end
