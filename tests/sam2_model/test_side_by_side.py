"""Pieces of work side by side: who has how many threads, and what is left when it is over."""

from __future__ import annotations

import threading

import pytest
import torch

from sam2_model.side_by_side import SideBySide, num_threads

pytestmark = pytest.mark.usefixtures("two_threads")


def threads_of_a_new_thread() -> int:
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    asking.start()
    asking.join()
    return found[0]


def test_each_piece_has_its_share_and_everybody_else_the_whole() -> None:
    with SideBySide(2) as beside:
        asked = [beside.begin(torch.get_num_threads) for _ in range(6)]
        assert [each.result() for each in asked] == [1] * 6
        assert torch.get_num_threads() == 2
        assert threads_of_a_new_thread() == 2
    assert torch.get_num_threads() == 2


def test_whoever_asks_while_others_begin_hears_of_the_whole() -> None:
    """torch tells a new thread what was last said on any, and it may be a share just then."""
    heard: list[int] = []

    def begin_and_end() -> None:
        for _ in range(30):
            with SideBySide(num_threads()):
                pass

    def ask() -> None:
        heard.append(num_threads())

    beginning = [threading.Thread(target=begin_and_end) for _ in range(2)]
    for each in beginning:
        each.start()
    while any(each.is_alive() for each in beginning):
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join()
    assert set(heard) == {2}


def test_pieces_run_at_the_same_time_and_outside_of_autograd() -> None:
    both_there = threading.Barrier(2)
    with SideBySide(2) as beside:
        for each in [beside.begin(both_there.wait, 10) for _ in range(2)]:
            each.result()
        assert beside.begin(torch.ones, 3).result().is_inference()


def test_an_error_is_heard_and_what_was_not_begun_is_dropped() -> None:
    gate = threading.Event()

    def fail() -> None:
        raise ValueError("a piece failed")

    with SideBySide(2) as beside:
        failing = beside.begin(fail)
        queued = [beside.begin(gate.wait, 10) for _ in range(5)]
        threading.Timer(0.1, gate.set).start()
        with pytest.raises(ValueError, match="a piece failed"):
            failing.result()
    assert all(each.done() for each in queued)
    assert any(each.cancelled() for each in queued)
    assert not [each for each in threading.enumerate() if each.name.startswith("side-by-side")]
