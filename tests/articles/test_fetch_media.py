"""Fetching the pictures of articles: what is kept, what is refused, and going on after a stop."""

import hashlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from filelock import FileLock
from PIL import Image

from articles.models import Article, Outlet, Picture
from articles.sanitising import clean, remote_pictures
from tests.articles.local_site import Site, answer, drip, local_site, redirect

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    with local_site() as site:
        yield site


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def encoded(format: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(file, format, **options)
    return file.getvalue()


def huge_png(side: int, rows: int) -> bytes:
    """A PNG of ``side`` × ``side`` black pixels, or of so many ``rows`` of them, in kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    pixels = zlib.compress(bytes((side // 8 + 1) * rows), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def article_with(*addresses: str, **fields: Any) -> Article:
    outlet = Outlet.objects.get_or_create(slug="paper", defaults={"name": "晨报"})[0]
    url = f"https://paper.example/{Article.objects.count()}"
    body = "".join(f'<p>图：<img src="{address}"></p>' for address in addresses)
    body = clean(body.replace("&", "&amp;"), url=url).body
    fields = {"published_at": timezone.now(), "outlet": outlet} | fields
    return Article.objects.create(title="题", url=url, original_url=url, body=body, **fields)


@pytest.fixture
def fetch_media(site: Site) -> Callable[..., tuple[dict[str, int], str]]:
    """Runs the command against the local site; returns the counts and what it complained of."""

    def run(*arguments: str, **options: Any) -> tuple[dict[str, int], str]:
        out, errors = StringIO(), StringIO()
        call_command(
            "fetch_media",
            "--jobs=1",
            *arguments,
            fetch=site.fetch(**options),
            stdout=out,
            stderr=errors,
        )
        words = out.getvalue().replace(",", "").split()
        counts = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        return counts, errors.getvalue()

    return run


def problems() -> dict[str, tuple[str, bool]]:
    """What went wrong, by path, and whether it is tried again by itself."""
    return {
        picture.address.rpartition("/")[2]: (picture.problem, picture.try_again_at is not None)
        for picture in Picture.objects.filter(sha256="")
    }


@pytest.mark.django_db
def test_pictures_are_kept_as_they_are_and_the_rest_is_refused(
    site: Site, fetch_media: Callable[..., tuple[dict[str, int], str]], data_dir: Path
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "桥"
    good = {
        "photo.jpg": encoded("JPEG", exif=exif),
        "drawing.png?a=1&b=2": encoded("PNG"),
        "moving.gif": encoded("GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))]),
        "new.webp": encoded("WEBP"),
        "newer.avif": encoded("AVIF"),
        "called.jpg": encoded("PNG", (50, 20)),
        "camera.jpg": encoded("MPO", save_all=True, append_images=[Image.new("RGB", (4, 3))]),
        "polyglot.gif": encoded("GIF", (3, 2)) + b"<script>alert(1)</script>",
    }
    photo = good["photo.jpg"]
    bad = {
        "page.jpg": (b"<!doctype html><p>404</p>", "not-a-picture"),
        "vector.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-a-picture"),
        "empty.jpg": (b"", "not-a-picture"),
        "other.bmp": (encoded("BMP", (4, 4)), "not-a-picture"),
        "other.tiff": (encoded("TIFF", (4, 4)), "not-a-picture"),
        "half.jpg": (photo[: len(photo) // 2], "damaged"),
        "half.png": (encoded("PNG")[:-900], "damaged"),
        "huge.png": (huge_png(10_000, 10_000), "too-many-pixels"),
        "gigantic.png": (huge_png(2**24, 1), "too-many-pixels"),
        "large.png": (encoded("PNG", (300, 300)), "too-large"),
    }
    for name, data in [*good.items(), *((name, data) for name, (data, _kind) in bad.items())]:
        site.answers[f"/{name.partition('?')[0]}"] = answer(data)
    site.answers["/same.jpg"] = redirect("/photo.jpg")
    site.answers["/broken"] = answer(b"", status=500)
    names = [*good, *bad, "same.jpg", "gone", "broken"]
    addresses = [site.address(f"/{name}", f"h{n}.test") for n, name in enumerate(names)]
    first = article_with(*addresses[::2])
    second = article_with(*addresses[1::2], addresses[0])
    hidden = article_with(site.address("/secret.jpg"), hidden=True)
    inside = "https://10.0.0.1/router.jpg"
    article_with(inside)

    counts, complaints = fetch_media(most_bytes=200_000)

    assert counts == {"fetched": 9, "known": 0, "failed": 13, "waiting": 0}
    assert f"{inside}: " in complaints
    assert "[address]" in complaints
    assert complaints.count("\n") == 13
    for name, data in [*good.items(), ("same.jpg", photo)]:
        picture = Picture.objects.get(address__endswith=f"/{name}")
        assert picture.sha256 == hashlib.sha256(data).hexdigest()
        [file] = data_dir.glob(f"media/??/{picture.sha256}.*")
        assert file.read_bytes() == data
        assert file.suffix == f".{picture.format}"
        image = Image.open(io.BytesIO(data))
        assert (picture.width, picture.height, picture.size) == (*image.size, len(data))
    assert Picture.objects.get(address__endswith="called.jpg").format == "png"
    assert Picture.objects.get(address__endswith="camera.jpg").format == "jpg"
    assert len(list(data_dir.glob("media/??/*"))) == 8
    assert not list(data_dir.glob("media/arriving/*"))
    expected = {name: (kind, False) for name, (_data, kind) in bad.items()}
    expected |= {"gone": ("status", False), "broken": ("status", True)}
    assert problems() == expected | {"router.jpg": ("address", False)}
    assert {asked.path for asked in site.asked} == {f"/{n}" for n in names}
    assert not hidden.pictures.exists()
    assert set(first.pictures.all()) & set(second.pictures.all()) == {
        Picture.objects.get(address=addresses[0])
    }


@pytest.mark.django_db
def test_the_same_again_asks_only_for_what_may_go_better_now(
    site: Site, fetch_media: Callable[..., tuple[dict[str, int], str]], data_dir: Path
) -> None:
    picture = encoded("PNG")
    site.answers["/a.png"] = answer(picture)
    site.answers["/busy.png"] = answer(b"", status=503)
    article_with(
        *(site.address(path, f"{path[1]}.test") for path in ("/a.png", "/busy.png", "/gone.png"))
    )
    assert fetch_media()[0] == {"fetched": 1, "known": 0, "failed": 2, "waiting": 0}
    site.answers["/busy.png"] = site.answers["/gone.png"] = answer(picture)
    site.asked.clear()
    assert fetch_media()[0] == {"fetched": 0, "known": 1, "failed": 0, "waiting": 2}
    assert site.asked == []

    # Its time has come; and what lies in no folder any more is fetched once more.
    busy = Picture.objects.get(address__endswith="busy.png")
    assert busy.try_again_at is not None
    assert timedelta(0) < busy.try_again_at - timezone.now() <= timedelta(hours=1)
    Picture.objects.filter(pk=busy.pk).update(try_again_at=timezone.now())
    [file] = data_dir.glob("media/??/*.png")
    file.unlink()
    assert fetch_media()[0] == {"fetched": 2, "known": 0, "failed": 0, "waiting": 1}
    assert file.read_bytes() == picture
    busy = Picture.objects.get(pk=busy.pk)
    assert (busy.problem, busy.attempts, busy.try_again_at) == ("", 2, None)

    assert fetch_media("--retry")[0] == {"fetched": 1, "known": 2, "failed": 0, "waiting": 0}
    assert len(list(data_dir.glob("media/??/*"))) == 1


@pytest.mark.django_db
def test_hosts_are_asked_one_thing_at_a_time_and_left_alone_when_they_fail(
    site: Site, fetch_media: Callable[..., tuple[dict[str, int], str]]
) -> None:
    for number in range(7):
        site.answers[f"/{number}.png"] = answer(b"", status=500)
    site.answers["/good.png"] = answer(encoded("PNG"))
    article_with(*(site.address(f"/{number}.png", "broken.test") for number in range(7)))
    article_with(*(site.address("/good.png", f"good-{number}.test") for number in range(3)))
    counts, _complaints = fetch_media()
    assert counts == {"fetched": 3, "known": 0, "failed": 5, "waiting": 2}
    broken = [asked.at for asked in site.asked if asked.host == "broken.test"]
    assert len(broken) == 5
    assert min(after - before for before, after in pairwise(broken)) > 0.45


@pytest.mark.django_db
def test_a_server_that_keeps_a_process_waiting_costs_one_picture(
    site: Site,
    fetch_media: Callable[..., tuple[dict[str, int], str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("articles.pictures._gathering.SECONDS_IN_A_WORKER", 1)
    site.answers["/slow.png"] = drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.2)
    site.answers["/a.png"] = answer(encoded("PNG"))
    article_with(site.address("/slow.png", "slow.test"), site.address("/a.png"))
    counts, complaints = fetch_media()
    assert counts == {"fetched": 1, "known": 0, "failed": 1, "waiting": 0}
    assert "[timeout]" in complaints
    assert problems() == {"slow.png": ("timeout", True)}


@pytest.mark.django_db
def test_articles_are_chosen_and_the_newest_come_first(
    site: Site, fetch_media: Callable[..., tuple[dict[str, int], str]]
) -> None:
    site.answers |= {f"/{name}.png": answer(encoded("PNG")) for name in "abcd"}
    other = Outlet.objects.create(slug="other", name="晚报")
    for name, day, fields in [
        ("a", "2023-01-05", {}),
        ("b", "2023-03-05", {}),
        ("c", "2023-03-06", {"outlet": other}),
        ("d", "2024-01-01", {}),
    ]:
        address = site.address(f"/{name}.png", f"{name}.test")
        article_with(address, published_at=f"{day}T12:00:00Z", **fields)
    out = StringIO()
    arguments = ["--outlet=other", "--after=2023", "--jobs=1", "--json"]
    call_command("fetch_media", *arguments, fetch=site.fetch(), stdout=out, stderr=StringIO())
    report = json.loads(out.getvalue())
    assert report.pop("seconds") >= 0
    assert report == {"fetched": 1, "known": 0, "failed": 0, "waiting": 0}
    counts, _complaints = fetch_media("--after=2023-01", "--before=2023-03", "--limit=1")
    assert counts == {"fetched": 1, "known": 1, "failed": 0, "waiting": 0}
    assert [asked.path for asked in site.asked] == ["/c.png", "/b.png"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs=0"], "--jobs must be at least 1"),
        (["--limit=0"], "--limit must be at least 1"),
        (["--outlet=nobody"], "--outlet"),
        (["--after=yesterday"], "--after"),
    ],
)
def test_wrong_options_are_explained(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        call_command("fetch_media", *arguments)
    assert caught.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.django_db(transaction=True)
def test_an_article_that_is_deleted_meanwhile_is_passed_over(
    site: Site,
    fetch_media: Callable[..., tuple[dict[str, int], str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site.answers["/a.png"] = answer(encoded("PNG"))
    article_with(site.address("/a.png", "a.test"))
    deleted = article_with(site.address("/b.png", "b.test"))

    def look(body: str) -> list[str]:
        Article.objects.filter(pk=deleted.pk).delete()
        return remote_pictures(body)

    monkeypatch.setattr("articles.pictures._gathering.remote_pictures", look)
    counts, _complaints = fetch_media()
    assert counts == {"fetched": 1, "known": 0, "failed": 0, "waiting": 0}
    assert Picture.objects.count() == 1


def test_two_at_once_are_refused(data_dir: Path) -> None:
    (data_dir / "locks").mkdir()
    with FileLock(data_dir / "locks" / "pictures"), pytest.raises(CommandError, match="Another"):
        call_command("fetch_media")


@pytest.mark.django_db
def test_a_full_disk_stops_it_and_loses_nothing(
    site: Site,
    fetch_media: Callable[..., tuple[dict[str, int], str]],
    settings: Any,
    small_disk: Path,
) -> None:
    settings.DATA_DIR = small_disk
    for number in range(3):
        site.answers[f"/{number}.png"] = answer(encoded("PNG", (750, 750)))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_000_000))
    article_with(*(site.address(f"/{number}.png", f"h{number}.test") for number in range(3)))
    with pytest.raises(CommandError, match=r"No space left on device.*fetched 1"):
        fetch_media(most_bytes=2_000_000)
    assert Picture.objects.stored().count() == len(list(small_disk.glob("media/??/*.png"))) == 1
    assert not list(small_disk.glob("media/arriving/*"))
    filler.unlink()
    with pytest.raises(CommandError, match="No space left on device"):
        fetch_media(most_bytes=2_000_000)
    assert Picture.objects.stored().count() == 2


RUN = """
import sys
import django
django.setup()
from django.core.management import CommandError, call_command
from articles.models import Article, Outlet
from tests.articles.local_site import LocalFetch
port, pictures = int(sys.argv[1]), int(sys.argv[2])
if not Article.objects.exists():
    hosts = [f"http://h{n}.test:{port}/{n}.png" for n in range(pictures)]
    url = "https://paper.example/1"
    Article.objects.create(
        outlet=Outlet.objects.create(slug="paper-x", name="晨报"), title="题", url=url,
        original_url=url, body="".join(f'<p><img src="{host}"></p>' for host in hosts),
    )
try:
    call_command("fetch_media", "--jobs=2", fetch=LocalFetch(port))
except CommandError as error:
    print(error, file=sys.stderr)
    sys.exit(error.returncode)
"""


def test_killed_or_interrupted_it_goes_on(site: Site, data_folder: Path) -> None:
    """Ctrl-C, then kill -9, both in the middle; nothing is fetched twice, no row lies."""
    total = 24
    pictures = [encoded("PNG", (20 + n, 20)) for n in range(total)]
    for number, data in enumerate(pictures):
        site.answers[f"/{number}.png"] = answer(data)
    command = [sys.executable, "-c", RUN, str(site.port), str(total)]
    environment = {
        **os.environ,
        "NEWSARCHIVE_DATA": str(data_folder),
        "DJANGO_SETTINGS_MODULE": "newsarchive.settings",
    }

    def start() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True
        )

    def wait_for(asked: int) -> None:
        deadline = time.monotonic() + 60
        while len(site.asked) < asked:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    process = start()
    wait_for(4)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.startswith("Interrupted: fetched ")
    assert "Traceback" not in errors

    process = start()
    wait_for(len(site.asked) + 6)
    process.kill()
    process.communicate(timeout=60)
    leftovers = data_folder / "media" / "arriving"
    leftovers.mkdir(exist_ok=True, parents=True)
    (leftovers / "half").write_bytes(b"x")

    before = len(site.asked)
    process = start()
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    counts = dict(zip(*[iter(out.replace(",", "").split())] * 2, strict=True))
    assert int(counts["fetched"]) + int(counts["known"]) == total
    assert len(site.asked) - before == int(counts["fetched"]) < total - 4
    files = {path.name: path for path in data_folder.glob("media/??/*.png")}
    assert files.keys() == {f"{hashlib.sha256(data).hexdigest()}.png" for data in pictures}
    assert all(hashlib.sha256(p.read_bytes()).hexdigest() == p.stem for p in files.values())
    assert not list(leftovers.iterdir())
