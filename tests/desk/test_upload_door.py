"""What is not taken at the door, and what is left of an upload that breaks off."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from articles import uploads
from articles.models import ImportRun
from tests.desk.test_importing import ADD, article, counts, upload, work

ROOT = Path(__file__).parents[2]
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "python:newsarchive.serving"]
WAITING_SECONDS = 60
DAY = 24 * 3600


@pytest.fixture
def data(settings: Settings, tmp_path: Path) -> Path:
    """A data folder of the test's own, for this process."""
    settings.DATA_DIR = tmp_path / "data"
    settings.FILE_UPLOAD_TEMP_DIR = settings.DATA_DIR / "uploads" / "arriving"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True)
    return tmp_path / "data"


def arriving(data: Path) -> list[Path]:
    return list((data / "uploads" / "arriving").iterdir())


def make_old(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


@pytest.mark.django_db(transaction=True)
class TestTaking:
    def test_more_files_than_a_process_may_have_open(self, desk: Client, data: Path) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            run = upload(desk, *((f"{number}.md", article(number)) for number in range(400)))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert counts(run)[0] == 400
        assert arriving(data) == []

    def test_too_many_files_are_refused(
        self, desk: Client, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploads, "MOST_FILES", 3)
        files = [SimpleUploadedFile(f"{number}.md", article()) for number in range(4)]
        response = desk.post(ADD, {"uploads": files, "edits": "keep"})
        assert response.status_code == 400
        assert "zip" in response.context["form"].errors["uploads"][0]
        assert not ImportRun.objects.exists()
        assert arriving(data) == []

    def test_files_of_the_same_name_have_problems_of_their_own(
        self, desk: Client, data: Path
    ) -> None:
        run = upload(desk, ("a.md", b""), ("a.md", b""), ("b.md", b""))
        paths = run.problems.values_list("path", flat=True)
        assert set(paths) == {"a.md", "a (2).md", "b.md"}

    def test_what_a_killed_request_left_is_in_nobody_s_way(self, desk: Client, data: Path) -> None:
        """SQLite gives the id of a run that was rolled back to the next one."""
        run = upload(desk, ("1.md", article(1)))
        left = data / "uploads" / str(run.pk + 1) / "1"
        left.mkdir(parents=True)
        (left / "left.md").write_bytes(article(9))
        run = upload(desk, ("2.md", article(2)))
        assert counts(run) == (1, 0, 0, 0, 0)
        assert not (left / "left.md").exists()

    def test_a_database_that_is_busy_is_told(
        self, desk: Client, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(*_args: object, **_fields: object) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr("articles.admin._imports.start", busy)
        file = SimpleUploadedFile("1.md", article())
        response = desk.post(ADD, {"uploads": [file], "edits": "keep"})
        assert response.status_code == 400
        assert response.context["form"].errors["uploads"]
        assert not ImportRun.objects.exists()
        assert [folder.name for folder in (data / "uploads").iterdir()] == ["arriving"]


@pytest.mark.django_db(transaction=True)
class TestForgetting:
    def test_uploads_are_kept_a_week(self, desk: Client, data: Path) -> None:
        runs = [upload(desk, (f"{number}.md", article(number))) for number in range(2)]
        make_old(data / "uploads" / str(runs[0].pk), days=8)
        make_old(data / "uploads" / str(runs[1].pk), days=6)
        uploads.forget_old_uploads()
        assert not Path(runs[0].sources[0]).exists()
        assert Path(runs[1].sources[0]).exists()
        ImportRun.objects.update(status="cancelled")
        for run, offered in ((runs[0], False), (runs[1], True)):
            page = desk.get(f"/admin/articles/importrun/{run.pk}/change/").content.decode()
            assert (f"/{run.pk}/continue/" in page) is offered
            assert ("文件已经不在了" in page) is not offered
        desk.post(f"/admin/articles/importrun/{runs[0].pk}/continue/")
        assert not ImportRun.objects.unfinished().exists()

    def test_uploads_can_arrive_after_a_quiet_week(self, desk: Client, data: Path) -> None:
        make_old(data / "uploads" / "arriving", days=8)
        uploads.forget_old_uploads()
        assert counts(upload(desk, ("1.md", article())))[0] == 1

    def test_what_a_waiting_run_will_read_stays(self, desk: Client, data: Path) -> None:
        dry = upload(desk, ("1.md", article()), dry_run="on")
        desk.post(f"/admin/articles/importrun/{dry.pk}/for-real/")
        make_old(data / "uploads" / str(dry.pk), days=8)
        uploads.forget_old_uploads()
        work()
        assert counts(ImportRun.objects.latest("pk")) == (1, 0, 0, 0, 0)


PREPARE = """
from django.contrib.auth.models import User
User.objects.create_superuser("boss", password="a long enough word")
"""
BOUNDARY = "----newsarchive"


@dataclass
class Web:
    """The web server as ``make run`` starts it, in which the superuser is logged in."""

    process: subprocess.Popen[bytes]
    port: int
    cookies: dict[str, str]

    def request(self, method: str, path: str, body: str = "") -> str:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": self.cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.read().decode()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def begin_upload(self, *, announced: int, sent: bytes) -> socket.socket:
        """Send the start of a form with a file, and no more."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.request("GET", ADD))
        assert token
        head = (
            f"POST {ADD} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {announced}\r\n\r\n"
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=csrfmiddlewaretoken\r\n\r\n"
            f"{token[1]}\r\n--{BOUNDARY}\r\n"
            "Content-Disposition: form-data; name=uploads; filename=big.zip\r\n\r\n"
        )
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WAITING_SECONDS)
        connection.sendall(head.encode() + sent)
        return connection


@pytest.fixture
def web(data_folder: Path) -> Iterator[Web]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "NEWSARCHIVE_DATA": str(data_folder), "PORT": str(port)}
    for command in (["shell", "--command", PREPARE], ["collectstatic", "--no-input"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True, stdout=-3
        )
    process = subprocess.Popen(
        [*GUNICORN, "newsarchive.wsgi"],
        cwd=ROOT,
        env={**env, "WEB_WORKERS": "1"},
        start_new_session=True,
    )
    server = Web(process, port, {})
    deadline = time.monotonic() + WAITING_SECONDS
    while True:
        try:
            server.request("GET", "/healthz")
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    server.request("GET", "/admin/login/")
    token = server.cookies["csrftoken"]
    login = f"csrfmiddlewaretoken={token}&username=boss&password=a+long+enough+word"
    server.request("POST", "/admin/login/", login)
    assert "sessionid" in server.cookies
    yield server
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_is_announced_as_too_large_is_answered_before_it_is_sent(
    web: Web, data_folder: Path
) -> None:
    with web.begin_upload(announced=5_000_000_000, sent=b"PK\x03\x04" * 50_000) as connection:
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"NEWSARCHIVE_UPLOAD_MB" in answer
    assert arriving(data_folder) == []


def test_a_web_server_killed_during_an_upload_leaves_nothing_for_long(
    web: Web, data_folder: Path
) -> None:
    with web.begin_upload(announced=9_000_000, sent=b"x" * 5_000_000):
        deadline = time.monotonic() + WAITING_SECONDS
        while not (files := arriving(data_folder)) or files[0].stat().st_size < 4_000_000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(web.process.pid, signal.SIGKILL)
    code = "from articles.models import ImportRun; print(ImportRun.objects.count())"
    runs = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", code],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert runs.stdout.strip() == "0"
    assert [folder.name for folder in (data_folder / "uploads").iterdir()] == ["arriving"]
    make_old(files[0], days=2)
    with subprocess.Popen(
        [sys.executable, "manage.py", "task_worker"],
        cwd=ROOT,
        env={**os.environ, "NEWSARCHIVE_DATA": str(data_folder)},
    ) as worker:
        while arriving(data_folder):
            assert time.monotonic() < deadline + WAITING_SECONDS
            time.sleep(0.1)
        worker.terminate()


def test_a_browser_that_goes_away_leaves_nothing(web: Web, data_folder: Path) -> None:
    with web.begin_upload(announced=9_000_000, sent=b"x" * 1_000_000):
        deadline = time.monotonic() + WAITING_SECONDS
        while not arriving(data_folder):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    while arriving(data_folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)
