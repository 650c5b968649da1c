"""The trackers that a process keeps between two calls: a cache, lent to one caller at a time."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.sessions.session import Session, SessionError
from app.sessions.store import Sessions
from app.tracking.clip_tracker import ClipTracker
from app.tracking.models import current_budget, load_model
from app.tracking.passes import TrackingError
from sam2_model import SAM2

_KEPT_TRACKERS = 3


class TrackerBusyError(TrackingError):
    """Somebody else works with the session's tracker."""


@dataclass
class _Kept:
    """A session's tracker in this process; only who holds the lock may touch it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    model_name: str = ""
    tracker: ClipTracker | None = None

    def close(self) -> None:
        if self.tracker is not None:
            self.tracker.clip.close()
        self.tracker = None


class TrackerPool:
    """The trackers of the last few sessions; a session that is not here is rebuilt from its folder.

    Attributes:
        sessions: where the sessions lie.
        load: gives the model of a name.
        patience: how long one waits for a tracker that somebody else works with [s].
    """

    def __init__(self) -> None:
        self.sessions: Sessions | None = None
        self.load: Callable[[str], SAM2] = load_model
        self.patience = 10.0
        self._guard = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def known_sessions(self) -> Sessions:
        if self.sessions is None:
            raise SessionError("The app has not said where its sessions lie: call tracking.connect first.")
        return self.sessions

    @contextlib.contextmanager
    def borrow(self, session: Session, patience: float | None = None) -> Iterator[ClipTracker]:
        """Lend the session's tracker to one caller at a time, who waits for it so long [s], else `patience`."""
        with self._guard:
            kept = self._kept.setdefault(session.id, _Kept())
            self._kept.move_to_end(session.id)
        # A plain lock, because a generator may be closed on another thread than the one that began it.
        if not kept.lock.acquire(timeout=self.patience if patience is None else patience):
            raise TrackerBusyError("This clip is still being tracked; stop that first or wait for its end.")
        try:
            if kept.tracker is None or kept.model_name != session.project.model:
                kept.close()
                model = self.load(session.project.model)
                kept.tracker = ClipTracker(
                    model, session.open_clip(), session.masks, session.tracked_before, current_budget(model)
                )
                kept.model_name = session.project.model
            yield kept.tracker
        except Exception:  # whatever it was goes on; half-given prompts are worth nothing, and the next call rebuilds
            kept.close()
            raise
        finally:
            kept.lock.release()
            self._drop_oldest()

    def is_busy(self, session_id: str) -> bool:
        """Whether somebody works with the session's tracker now."""
        with self._guard:
            kept = self._kept.get(session_id)
            return kept is not None and kept.lock.locked()

    def forget(self, session_id: str) -> None:
        with self._guard:
            kept = self._kept.pop(session_id, None)
        if kept is not None and kept.lock.acquire(timeout=self.patience):
            kept.close()
            kept.lock.release()

    def _drop_oldest(self) -> None:
        with self._guard:
            idle = [each for each, kept in self._kept.items() if not kept.lock.locked()]
            for session_id in idle[: max(0, len(self._kept) - _KEPT_TRACKERS)]:
                self._kept.pop(session_id).close()
