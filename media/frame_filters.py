"""Filters of FFmpeg's libraries, where numpy would be too slow: weaving fields, looking colours up in a table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from numpy.typing import NDArray

TICK = Fraction(1, 1000)


class _Shape(NamedTuple):
    """What a filter has to know of a frame beforehand."""

    width: int
    height: int
    pixel_format: str

    @classmethod
    def of(cls, frame: av.VideoFrame) -> _Shape:
        return cls(frame.width, frame.height, frame.format.name)

    def input(self, graph: Graph, more: str = "") -> FilterContext:
        return graph.add(
            "buffer", f"video_size={self.width}x{self.height}:pix_fmt={self.pixel_format}:time_base=1/1000{more}"
        )


def deinterlaced(frames: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Make whole pictures of frames that hold two moments, line by line; others pass as they are.

    Each frame needs those beside it, so they come out one later than they went in. Their number stays.

    Args:
        frames: (index, frame) in order.
    """
    shape: _Shape | None = None
    graph: Graph | None = None
    waiting: deque[int] = deque()
    for ticks, (index, frame) in enumerate(frames):
        if graph is None or shape != _Shape.of(frame):
            if graph is not None:
                yield from _drained(graph, waiting)
            shape = _Shape.of(frame)
            graph = _weaver(shape)
        frame.pts, frame.time_base = ticks, TICK
        graph.vpush(frame)
        waiting.append(index)
        yield from _ready(graph, waiting)
    if graph is not None:
        yield from _drained(graph, waiting)


def _weaver(shape: _Shape) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = shape.input(graph)
    weave = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(weave)
    weave.link_to(sink)
    graph.configure()
    return graph


def _ready(graph: Graph, waiting: deque[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if waiting:
            yield waiting.popleft(), frame


def _drained(graph: Graph, waiting: deque[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    graph.vpush(None)
    yield from _ready(graph, waiting)


class ColorTable:
    """Looks the colours of frames up in a table, between its steps by tetrahedra."""

    def __init__(self, table: NDArray[np.uint16]) -> None:
        """Take a table as a Hald picture: (512, 512, 3) uint16 RGB."""
        self._table = av.VideoFrame.from_ndarray(table, format="rgb48le")
        self._table.pts, self._table.time_base = 0, TICK
        self._shape: _Shape | None = None
        self._graph: Graph | None = None
        self._source: FilterContext | None = None
        self._ticks = 0

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame in the table's colours.

        Args:
            frame: rgb48le.

        Returns:
            rgb24 of the same size.
        """
        if self._graph is None or self._shape != _Shape.of(frame):
            self._shape = _Shape.of(frame)
            self._connect(self._shape)
        assert self._graph is not None
        assert self._source is not None
        frame.pts, frame.time_base = self._ticks, TICK
        self._ticks += 1
        self._source.push(frame)
        return self._graph.vpull()

    def _connect(self, shape: _Shape) -> None:
        full = ":colorspace=gbr:range=pc"
        graph = Graph()
        graph.threads = 1
        self._source = shape.input(graph, full)
        table = _Shape.of(self._table).input(graph, full)
        look_up, to_8_bits, sink = graph.add("haldclut"), graph.add("format", "pix_fmts=rgb24"), graph.add("buffersink")
        self._source.link_to(look_up, 0, 0)
        table.link_to(look_up, 0, 1)
        look_up.link_to(to_8_bits)
        to_8_bits.link_to(sink)
        graph.configure()
        table.push(self._table)
        table.push(None)
        self._graph = graph
        self._ticks = 0
