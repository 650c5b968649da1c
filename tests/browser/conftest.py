"""The page, served in a process of its own, and a fresh tab of Chromium on it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import CHROMIUM, FLAGS, PATIENCE, PHONE, ROOT, wait_for


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


class Server:
    """The page's server as a process on a port of its own, which can be ended and started anew."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._arguments = arguments
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}/"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.browser.serve", str(self._folder), str(self._port), *self._arguments]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        wait_for(self.address, self._process, self._folder / "log")

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)


@pytest.fixture(scope="package")
def server(folder: Path) -> Iterator[Server]:
    """One for all stories: starting it costs more than most of them."""
    with Server(folder) as served:
        yield served


@pytest.fixture
def address(server: Server) -> str:
    return server.address


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A fresh visit on a desktop; what fails inside the page fails the test."""
    yield from visit(browser, address, viewport={"width": 1100, "height": 700})


@pytest.fixture
def phone(browser: Any, address: str) -> Iterator[Any]:
    """A fresh visit on a phone."""
    yield from visit(browser, address, viewport=PHONE, has_touch=True, is_mobile=True)


def visit(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    page = browser.new_context(accept_downloads=True, **{"locale": "en-US", **options}).new_page()
    page.set_default_timeout(PATIENCE)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if "Error executing" in line.text else None)
    page.goto(address)
    yield page
    page.context.close()
    assert not failures
