"""A whole corpus of difficult and hostile files goes in as promised, and comes out unchanged."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.media.corpus import SCRIPT, Outcome, make_corpus, run_corpus
from tests.media.processes import decoders

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
def outcomes(tmp_path_factory: pytest.TempPathFactory, calls: list[object]) -> list[Outcome]:
    folder = tmp_path_factory.mktemp("corpus")
    return run_corpus(folder / "files", make_corpus(folder / "files"), folder)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("expect", "count"), [("ok", 51), ("reject", 48), ("any", 30)])
def test_every_file_comes_to_what_is_promised(outcomes: list[Outcome], expect: str, count: int) -> None:
    these = [outcome for outcome in outcomes if outcome.entry["expect"] == expect]
    assert len(these) == count
    assert [(outcome.entry["file"], outcome.faults) for outcome in these if outcome.faults] == []


def test_none_takes_long_or_much(outcomes: list[Outcome]) -> None:
    assert max(outcome.seconds for outcome in outcomes) < 60  # both cores may be busy; alone none takes 20
    # The largest of all processes that were waited for, decoders and encoders alike [KiB].
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2**20


def test_nobody_was_called_and_nobody_is_left(outcomes: list[Outcome], calls: list[object]) -> None:
    assert calls == []
    assert decoders() == []
