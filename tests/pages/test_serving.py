"""What the web server lets through to the site."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

WAITING_SECONDS = 30


@pytest.fixture
def port() -> Iterator[int]:
    """Where the server of production serves an application that tells what it was asked."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    command = ["-m", "gunicorn", "--config", "python:newsarchive.serving", "--workers", "1"]
    with subprocess.Popen(
        [sys.executable, *command, "wsgiref.simple_server:demo_app"],
        env={**os.environ, "PORT": str(number)},
    ) as server:
        yield number
        server.terminate()


def test_no_client_makes_up_where_the_site_begins(port: int) -> None:
    deadline = time.monotonic() + WAITING_SECONDS
    for made_up in ("/elsewhere", "/articles"):
        connection = HTTPConnection("127.0.0.1", port, timeout=WAITING_SECONDS)
        while True:
            try:
                connection.connect()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        connection.request("GET", "/articles/1/", headers={"SCRIPT_NAME": made_up})
        response = connection.getresponse()
        assert response.status == 200
        told = response.read().decode()
        assert "PATH_INFO = '/articles/1/'" in told
        assert "SCRIPT_NAME = ''" in told
