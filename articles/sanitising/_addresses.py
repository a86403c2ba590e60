"""Addresses of links, pictures and embeds."""

import re
from urllib.parse import parse_qs, urljoin, urlsplit

from ._allowlist import allowed
from ._markup import without_controls

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_IMAGE_PROXY = re.compile(r"https?://(?:images\.weserv\.nl|wsrv\.nl)/\?", re.IGNORECASE)


def absolute(address: str, base: str) -> str:
    """The address against the page it stands on; "" where there is no absolute address.

    An address with a scheme comes back as it is, whatever the scheme.
    """
    address = without_controls(address).strip()
    if "\n" in address or "\t" in address:
        address = address.replace("\n", "").replace("\t", "")
    if _SCHEME.match(address):
        return address
    if address.startswith("//"):
        scheme = _WEB_SCHEME.match(base)
        return (scheme[0] if scheme else "https:") + address
    if not base:
        return address
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def picture(address: str, base: str) -> str:
    """The absolute address of a picture, past a proxy that only shrinks it; "" if unusable."""
    address = absolute(address, base)
    if _IMAGE_PROXY.match(address):
        original = parse_qs(address.partition("?")[2]).get("url", [""])[0]
        original = without_controls(original)
        if original.startswith("ssl:"):
            original = "https://" + original.removeprefix("ssl:").lstrip("/")
        elif not _SCHEME.match(original):
            original = "http://" + original.lstrip("/")
        if allowed("img", "src", original):
            address = original
    return address if allowed("img", "src", address) else ""


def host(address: str) -> str:
    """The host of an absolute web address in lower case, "" for any other string."""
    if not _WEB_SCHEME.match(address):
        return ""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
