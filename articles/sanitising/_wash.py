"""The two sanitisers: nh3 (html5ever) first, then bleach (html5lib), which has the last word."""

import html as entities
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import nh3
from bleach import html5lib_shim
from bleach.sanitizer import Cleaner

from ._addresses import host
from ._allowlist import DROPPED, PROTOCOLS, REL, TAGS, allowed, attribute_names


def _value_for_nh3(tag: str, name: str, value: str) -> str | None:
    return value if allowed(tag, name, value) else None


# nh3 writes the rel of a link by itself and refuses to be told of it twice.
_NH3_ATTRIBUTES = {tag: names - {"rel"} for tag, names in attribute_names().items()}

_nh3_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(DROPPED),
    attributes=_NH3_ATTRIBUTES,
    attribute_filter=_value_for_nh3,
    link_rel=REL,
    url_schemes=set(PROTOCOLS),
)


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that we have: its address on our own site, its size in pixels."""

    address: str
    width: int
    height: int


class _Pictures(html5lib_shim.Filter):
    """Shows the pictures from other sites that we have, and links to the others unless wanted."""

    def __init__(
        self, source: Any, *, stored: Mapping[str, StoredPicture], with_others: bool
    ) -> None:
        super().__init__(source)
        self._stored = stored
        self._with_others = with_others

    def __iter__(self) -> Iterator[dict[str, Any]]:
        links = 0
        for token in super().__iter__():
            if token.get("name") == "a":
                links += {"StartTag": 1, "EndTag": -1}.get(token["type"], 0)
            attributes = token["data"] if token.get("name") == "img" else {}
            address = attributes.get((None, "src"), "")
            if not address.lower().startswith(("http://", "https://")):
                yield token
            # bleach leaves the references in attributes alone and escapes text again.
            elif stored := self._stored.get(entities.unescape(address)):
                yield {**token, "data": _shown(attributes, stored)}
            elif self._with_others:
                yield {**token, "data": attributes | _WHEN_SEEN}
            else:
                yield from _link(address, attributes, in_link=links > 0)


_WHEN_SEEN = {(None, "loading"): "lazy", (None, "decoding"): "async"}


def _shown(attributes: dict[Any, str], stored: StoredPicture) -> dict[Any, str]:
    """Return the attributes of a picture that we have; its size keeps its place on the page."""
    shown = attributes | {(None, "src"): stored.address} | _WHEN_SEEN
    if (None, "width") not in shown and (None, "height") not in shown:
        shown |= {(None, "width"): str(stored.width), (None, "height"): str(stored.height)}
    return shown


def _link(address: str, attributes: dict[Any, str], *, in_link: bool) -> Iterator[dict[str, Any]]:
    """Yield what stands in the place of a picture; a link cannot stand in another one."""
    name = "span" if in_link else "a"
    marks = {(None, "class"): "picture"}
    if not in_link:
        marks |= {(None, "href"): address, (None, "rel"): REL}
    yield {"type": "StartTag", "name": name, "namespace": None, "data": marks}
    text = entities.unescape(attributes.get((None, "alt"), ""))
    # A link without words says nothing to who cannot see it.
    text = text if text.strip() else host(entities.unescape(address))
    yield {"type": "Characters", "data": text}
    yield {"type": "EndTag", "name": name, "namespace": None}


def nh3_clean(html: str) -> str:
    """The HTML as nh3 lets it through."""
    return _nh3_cleaner.clean(html)


def bleach_clean(html: str) -> str:
    """The HTML as bleach lets it through."""
    return _bleached(html, [])


def bleach_pictures(html: str, *, stored: Mapping[str, StoredPicture], with_others: bool) -> str:
    """The HTML as bleach lets it through, with its pictures as a reader gets them."""
    return _bleached(html, [partial(_Pictures, stored=stored, with_others=with_others)])


def _bleached(html: str, filters: list[Any]) -> str:
    # A Cleaner is not safe to share between threads, and making one takes 0.03 ms.
    cleaner = Cleaner(
        tags=TAGS, attributes=allowed, protocols=PROTOCOLS, strip=True, filters=filters
    )
    cleaned: str = cleaner.clean(html)
    return cleaned
