"""Take the pictures that README.md shows: ``python docs/screenshots.py``.

The archive is filled with the bundled sample in a temporary folder, served, and looked at in
Chromium; each picture is written beside this file as WebP.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
PICTURES = ("front", "article", "search", "import")
QUERY = "台风 OR 渡轮 -“兔子灯”"
WAIT_SECONDS = 30


@contextmanager
def served_sample() -> Iterator[tuple[str, str]]:
    """Serve the sample from a temporary folder; gives its address and the password of admin."""
    with tempfile.TemporaryDirectory() as data, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        environment = {**os.environ, "NEWSARCHIVE_DATA": data, "PORT": port}
        said = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", "prepare", "--port", port],
            cwd=FOLDER.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        serving = ["gunicorn", "--config", "python:newsarchive.serving", "newsarchive.wsgi"]
        server = subprocess.Popen(  # noqa: S603 - our own server
            [sys.executable, "-m", *serving],
            cwd=FOLDER.parent,
            env=environment,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/healthz")
            yield address, re.findall(r"password (\S+)", said)[0]
        finally:
            server.terminate()
            server.wait()


def take_pictures(address: str, password: str) -> None:
    """Look at the pages and write their pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--lang=zh-CN"]
        )
        page = browser.new_page(
            base_url=address,
            locale="zh-CN",
            viewport={"width": 1200, "height": 900},
            device_scale_factor=1.5,
            color_scheme="light",
        )
        page.goto("/")
        _keep(page, "front")
        page.goto(f"/search/?q={QUERY}")
        _keep(page, "search")
        page.emulate_media(color_scheme="dark")
        page.locator("#results h2 a").first.click()
        page.wait_for_url(re.compile(r"/articles/\d+/"))
        _keep(page, "article")
        page.emulate_media(color_scheme="light")
        page.goto("/admin/")
        page.locator("[name=username]").fill("admin")
        page.locator("[name=password]").fill(password)
        page.locator("[type=submit]").click()
        page.wait_for_url("**/admin/")
        page.goto("/admin/articles/importrun/")
        page.locator("#result_list tbody th a").first.click()
        page.wait_for_url("**/change/")
        _keep(page, "import")
        browser.close()


def _keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=80, method=6)


def _wait_for(address: str) -> None:
    for _ in range(WAIT_SECONDS * 10):
        try:
            urllib.request.urlopen(address)  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{address} did not answer within {WAIT_SECONDS} seconds.")


if __name__ == "__main__":
    with served_sample() as (address, password):
        take_pictures(address, password)
