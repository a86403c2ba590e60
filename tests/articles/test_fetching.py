"""Fetching from addresses that nobody vouches for: what is refused, and when it ends."""

import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import trustme

from articles.fetching import FetchError, Problem, fetch
from tests.articles.local_site import (
    HEAD,
    Answer,
    Site,
    answer,
    answers_of,
    drip,
    local_policy,
    local_site,
    redirect,
)

MAPPED = ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"]
TRANSLATED = ["64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"]
NOT_PUBLIC = [
    *["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1"],
    *["172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255"],
    *["192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"],
    *["239.255.255.255", "240.0.0.1", "255.255.255.255"],
    *["::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"],
    *["100::1", "3fff::1", "5f00::1"],
    *MAPPED,
    *TRANSLATED,
]
ODD_ADDRESSES = [
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://[::ffff:7f00:1]/",
    "http://[fe80::1%25lo]/",
    "http://localhost/",
    "http://1.1.1.1:8080/",
    "http://1.1.1.1:22/",
    "http://1.1.1.1:0/",
    "http://1.1.1.1:99999/",
    "http://user:secret@1.1.1.1/",
    "http://1.1.1.1@127.0.0.1/",
    "http://1.1.1.1\\@127.0.0.1/",
    "http://1.1.1.1#@127.0.0.1/\n",
    "ftp://1.1.1.1/a.jpg",
    "file:///etc/passwd",
    "gopher://1.1.1.1/",
    "javascript:alert(1)",
    "//1.1.1.1/a.jpg",
    "http://",
    "http:///a.jpg",
    "http://[/",
    "http://a..b/",
    f"http://{'a' * 300}.example/",
    "",
]


@pytest.fixture
def site() -> Iterator[Site]:
    with local_site() as site:
        yield site


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test tries, it reaches this machine only, and says so when it tries more."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: tuple[str, int]) -> None:
        assert address[0] == "127.0.0.1", f"connected to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


def problem_of(address: str, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(address, **({"most_bytes": 100_000, "seconds": 5} | options))
    return caught.value


class TestAddresses:
    @pytest.mark.parametrize("address", NOT_PUBLIC)
    def test_that_are_not_public_are_refused(self, address: str) -> None:
        literal = f"[{address}]" if ":" in address else address
        for scheme in ("http", "https"):
            error = problem_of(f"{scheme}://{literal}/a.jpg")
            assert (error.kind, error.is_passing) == (Problem.ADDRESS, False)

    @pytest.mark.parametrize("address", NOT_PUBLIC)
    def test_of_names_are_refused_too(self, address: str) -> None:
        for found in ([address], ["1.1.1.1", address], [address, "1.1.1.1"]):
            error = problem_of(
                "https://pictures.example/a.jpg",
                resolver=lambda _host, port, *_rest, found=found: answers_of(found, port),
            )
            assert error.kind == Problem.ADDRESS, found

    @pytest.mark.parametrize("address", ODD_ADDRESSES)
    def test_that_hide_what_they_are_are_refused(self, address: str) -> None:
        assert problem_of(address).kind == Problem.ADDRESS

    @pytest.mark.parametrize(
        "location",
        [
            "http://10.0.0.1/",
            "//169.254.169.254/latest/meta-data/",
            "http://[::ffff:10.0.0.1]/",
            "http://other.test:22/",
            "http://me:secret@site.test/",
            "file:///etc/passwd",
            "http://[",
        ],
    )
    def test_after_a_redirect_are_refused(self, site: Site, location: str) -> None:
        site.answers["/a.jpg"] = redirect(location)
        with pytest.raises(FetchError) as caught:
            site.fetch()(site.address("/a.jpg"))
        assert caught.value.kind == Problem.ADDRESS

    def test_are_resolved_once_for_each_connection(self, site: Site) -> None:
        """A name that points elsewhere after the check is connected to where it was checked."""
        lookups = []
        places = cycle([["127.0.0.1"], ["10.0.0.1"]])

        def rebinding(host: str, port: int, *_rest: object) -> object:
            lookups.append(host)
            return answers_of(next(places), port)

        site.answers["/a.jpg"] = answer(b"picture")
        site.answers["/again.jpg"] = redirect("/a.jpg")
        options: dict[str, Any] = {"policy": local_policy(site.port), "resolver": rebinding}
        options |= {"most_bytes": 100, "seconds": 5}
        assert fetch(site.address("/a.jpg"), **options) == b"picture"
        assert lookups == ["site.test"]
        assert problem_of(site.address("/a.jpg"), **options).kind == Problem.ADDRESS
        assert problem_of(site.address("/again.jpg"), **options).kind == Problem.ADDRESS
        assert [asked.path for asked in site.asked] == ["/a.jpg", "/again.jpg"]


class TestRequests:
    def test_say_who_asks_and_nothing_else(
        self, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.NEWSARCHIVE_CONTACT = "archive@example.org"
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, "http://proxy.invalid:3128")
        site.answers["/a.jpg"] = answer(
            b"",
            status=302,
            headers={"Location": "/图.jpg".encode().decode("latin-1"), "Set-Cookie": "who=me"},
        )
        site.answers["/%E5%9B%BE.jpg"] = answer(b"picture")
        assert site.fetch()(site.address("/a.jpg")) == b"picture"
        for asked in site.asked:
            assert set(asked.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding"}
            assert asked.headers["User-Agent"] == "newsarchive/1.0 (archive@example.org)"

    @pytest.mark.parametrize(
        ("holder", "is_trusted"),
        [
            ("pictures.test", True),
            ("other.test", True),
            ("127.0.0.1", True),
            ("pictures.test", False),
        ],
    )
    def test_name_the_host_and_speak_only_to_who_proves_to_be_it(
        self, holder: str, is_trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The certificate is checked against the name, though the address is what is dialled."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "authority.pem"))
        if is_trusted:
            monkeypatch.setattr(
                "requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "authority.pem")
            )
        named = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(holder).configure_cert(context)
        context.sni_callback = lambda _socket, name, _context: named.append(name)
        with local_site(context) as site:
            site.answers["/a.jpg"] = answer(b"picture")
            options: dict[str, Any] = {
                "policy": local_policy(site.port),
                "resolver": lambda _host, port, *_rest: answers_of(["127.0.0.1"], port),
            }
            address = f"https://pictures.test:{site.port}/a.jpg"
            if holder == "pictures.test" and is_trusted:
                assert fetch(address, most_bytes=100, seconds=5, **options) == b"picture"
            else:
                error = problem_of(address, **options)
                assert (error.kind, error.is_passing) == (Problem.TLS, True)
                assert not site.asked
        assert named == ["pictures.test"]

    def test_follow_five_redirects_and_read_none_of_their_bodies(self, site: Site) -> None:
        for number in range(6):
            site.answers[f"/{number}"] = redirect(f"/{number + 1}")
        site.answers["/5"] = answer(b"picture")
        site.answers["/endless"] = drip(
            b"HTTP/1.1 302 Found\r\nLocation: /5\r\n\r\n", b"x" * 10_000, 0
        )
        fetch_here = site.fetch()
        assert fetch_here(site.address("/0")) == b"picture"
        assert fetch_here(site.address("/endless")) == b"picture"
        site.answers["/5"] = redirect("/0")
        with pytest.raises(FetchError) as caught:
            fetch_here(site.address("/0"))
        assert (caught.value.kind, caught.value.is_passing) == (Problem.REDIRECTS, False)

    @pytest.mark.parametrize(
        ("status", "is_passing"),
        [(status, False) for status in (204, 304, 403, 404, 410)]
        + [(status, True) for status in (408, 429, 500, 503)],
    )
    def test_tell_what_passes_from_what_does_not(
        self, site: Site, status: int, is_passing: bool
    ) -> None:
        site.answers["/a.jpg"] = answer(b"", status=status)
        with pytest.raises(FetchError, match=str(status)) as caught:
            site.fetch()(site.address("/a.jpg"))
        assert (caught.value.kind, caught.value.is_passing) == (Problem.STATUS, is_passing)

    def test_that_reach_nobody_may_be_repeated(self, site: Site) -> None:
        def hang_up(handler: Any) -> None:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True

        site.answers["/gone"] = hang_up
        site.answers["/short"] = answer(b"short", headers={"Content-Length": "100"})
        fetch_here = site.fetch()
        found = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        addresses = [site.address("/gone"), site.address("/short")]
        addresses.append(site.address("/", host="nowhere.invalid"))
        for address in addresses:
            with pytest.raises(FetchError) as caught:
                fetch_here(address)
            assert caught.value.is_passing
            found.append(caught.value.kind)
        assert found == [Problem.CONNECTION, Problem.CONNECTION, Problem.HOST]
        closed = problem_of(f"http://127.0.0.1:{port}/", policy=local_policy(port))
        assert (closed.kind, closed.is_passing) == (Problem.CONNECTION, True)


class TestLimits:
    @pytest.mark.parametrize(
        "sent",
        {
            "endless": drip(HEAD, b"x" * 10_000, 0),
            "declared": answer(b"", headers={"Content-Length": "100001"}),
            "undeclared": drip(HEAD, b"x" * 100_001, 0),
            "chunked": drip(
                HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
                b"2710\r\n" + b"x" * 10_000 + b"\r\n",
                0,
            ),
            "bomb": answer(
                gzip.compress(bytes(200_000_000), 1), headers={"Content-Encoding": "gzip"}
            ),
            "bombs in a bomb": answer(
                gzip.compress(gzip.compress(bytes(50_000_000), 9), 9),
                headers={"Content-Encoding": "gzip, gzip"},
            ),
            "deflate": answer(
                zlib.compress(bytes(50_000_000), 9), headers={"Content-Encoding": "deflate"}
            ),
        }.items(),
        ids=lambda item: item[0],
    )
    def test_of_size(self, site: Site, sent: tuple[str, Answer]) -> None:
        site.answers["/a.jpg"] = sent[1]
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            site.fetch()(site.address("/a.jpg"))
        assert (caught.value.kind, caught.value.is_passing) == (Problem.TOO_LARGE, False)
        assert time.monotonic() - started < 2

    def test_let_through_what_is_just_small_enough(self, site: Site) -> None:
        data = bytes(range(256)) * 390 + b"x" * 160
        site.answers["/a.jpg"] = answer(data)
        packed = gzip.compress(data)
        site.answers["/packed.jpg"] = answer(packed, headers={"Content-Encoding": "gzip"})
        assert site.fetch(len(data))(site.address("/a.jpg")) == data
        assert site.fetch(len(data))(site.address("/packed.jpg")) == data

    @pytest.mark.parametrize(
        ("sent", "kind"),
        [
            (drip(HEAD, b"x", 0.05), Problem.TIMEOUT),
            (drip(HEAD, b"x", 30), Problem.TIMEOUT),
            (drip(b"", b"", 30), Problem.TIMEOUT),
            (answer(b"no gzip", headers={"Content-Encoding": "gzip"}), Problem.ENCODING),
        ],
        ids=["dripping", "stalled", "silent", "broken"],
    )
    def test_of_time_and_patience(self, site: Site, sent: Answer, kind: Problem) -> None:
        site.answers["/a.jpg"] = sent
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            site.fetch(seconds=0.4)(site.address("/a.jpg"))
        assert caught.value.kind == kind
        assert time.monotonic() - started < 2
