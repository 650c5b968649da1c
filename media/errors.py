"""The one error that people see when a clip cannot be read or written."""

from __future__ import annotations


class MediaError(Exception):
    """A clip could not be read or written.

    The message is one sentence for the person in front of the screen: it says what came, what is
    wanted and what to do. It names no path of this machine; the cause goes to the log.
    """
