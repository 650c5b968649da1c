"""A whole corpus of difficult and hostile files goes in as promised, and comes out unchanged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.media.corpus import SCRIPT, Outcome, make_corpus, run_corpus_apart

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the corpus of difficult clips is not here (../shared)")

TRAP_PORT = 18099
"""Where some of the files try to make us call."""


@pytest.fixture(scope="module")
def calls() -> Iterator[list[object]]:
    """Whoever calls the trap while the corpus runs."""
    caught: list[object] = []
    trap = socket.socket()
    trap.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    trap.bind(("127.0.0.1", TRAP_PORT))
    trap.listen()

    def listen() -> None:
        try:
            while True:
                connection, address = trap.accept()
                connection.close()
                caught.append(address)
        except OSError:
            return  # the trap was taken away

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield caught
    trap.shutdown(socket.SHUT_RDWR)
    trap.close()
    thread.join()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, calls: list[object]) -> tuple[list[Outcome], list[int]]:
    folder = tmp_path_factory.mktemp("corpus")
    return run_corpus_apart(folder / "files", make_corpus(folder / "files"), folder)


@pytest.fixture(scope="module")
def outcomes(run: tuple[list[Outcome], list[int]]) -> list[Outcome]:
    return run[0]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("expect", "count"), [("ok", 51), ("reject", 48), ("any", 30)])
def test_every_file_comes_to_what_is_promised(outcomes: list[Outcome], expect: str, count: int) -> None:
    these = [outcome for outcome in outcomes if outcome.entry["expect"] == expect]
    assert len(these) == count
    assert [(outcome.entry["file"], outcome.faults) for outcome in these if outcome.faults] == []


def test_none_takes_long_or_much(outcomes: list[Outcome]) -> None:
    assert max(outcome.seconds for outcome in outcomes) < 60  # both cores may be busy; alone none takes 10
    assert max(outcome.peak_kib for outcome in outcomes) < 2**20


def test_nobody_was_called_and_nobody_is_left(run: tuple[list[Outcome], list[int]], calls: list[object]) -> None:
    assert calls == []
    assert run[1] == []
