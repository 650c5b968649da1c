"""Gives every frame its time, also where the file leaves it out or goes backwards."""

from __future__ import annotations

from fractions import Fraction

SMALL_STEP_BACK = Fraction(1, 2)
"""Steps back of less than this [s] are jitter; larger ones mean that the clock was set anew."""

SHORTEST_INTERVAL = Fraction(1, 1000)
"""Between a frame and one that claims no later time [s]."""


class FrameClock:
    """Turns the times that a file states into strictly increasing ones, changing as few as it can."""

    def __init__(self, usual_interval: Fraction) -> None:
        """Start before the first frame.

        Args:
            usual_interval: taken where the file gives no better one [s].
        """
        self._interval = usual_interval
        self._shift = Fraction(0)
        self._last: Fraction | None = None

    def time(self, stated: Fraction | None) -> Fraction:
        """The time of the next frame.

        Args:
            stated: what the file says [s], or None where it says nothing.

        Returns:
            A time later than that of the frame before [s].
        """
        time = self._expected() if stated is None else stated + self._shift
        if self._last is not None and time <= self._last:
            if self._last - time < SMALL_STEP_BACK:
                time = self._last + SHORTEST_INTERVAL
            else:  # e.g. two recordings put one after the other: go on from here
                self._shift += self._expected() - time
                time = self._expected()
        if self._last is not None:
            self._interval = time - self._last
        self._last = time
        return time

    def end(self, stated_duration: Fraction | None) -> Fraction:
        """When the last frame ends: by its stated duration, or else by the interval before it [s]."""
        if self._last is None:
            raise ValueError("The clock has seen no frame, so no frame can end.")
        return self._last + (stated_duration or self._interval)

    def _expected(self) -> Fraction:
        return Fraction(0) if self._last is None else self._last + self._interval
