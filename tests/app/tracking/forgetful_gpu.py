"""Run by a test: `spaces` replaced by one whose every GPU call is a forked process, as ZeroGPU does it.

Arguments, answers and yields are pickled; of an exception that leaves the process only the class's name
arrives; what the process learnt is lost. Prints what was heard as JSON.
"""

from __future__ import annotations

import inspect
import json
import multiprocessing
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
forked = multiprocessing.get_context("fork")
heard: dict[str, Any] = {"functions": [], "durations": [], "refusals": [], "loaded": 0}


def gpu(function: Callable[..., Any], duration: Callable[..., int]) -> Callable[..., Any]:
    heard["functions"].append(function.__name__)

    def work(pipe: Any, arguments: bytes) -> None:
        try:
            answer = function(*pickle.loads(arguments))
            for each in answer if inspect.isgeneratorfunction(function) else (answer,):
                pipe.send(("answer", each))
            pipe.send(("end", None))
        except Exception as error:
            pipe.send(("error", type(error).__name__))

    def answers(*arguments: object) -> Iterator[Any]:
        heard["durations"].append(duration(*arguments))
        here, there = forked.Pipe()
        process = forked.Process(target=work, args=(there, pickle.dumps(arguments)))
        process.start()
        while (message := here.recv())[0] == "answer":
            yield message[1]
        process.join()
        if message[0] == "error":
            raise RuntimeError(f"ZeroGPU worker error: {message[1]}")

    if inspect.isgeneratorfunction(function):
        return answers
    return lambda *arguments: next(answers(*arguments))


sys.modules["spaces"] = types.SimpleNamespace(GPU=gpu)  # type: ignore[assignment]

from app.projects.changes import add_object, with_prompt  # noqa: E402
from app.projects.project import FramePrompt  # noqa: E402
from app.sessions.store import Sessions  # noqa: E402
from app.tracking import service  # noqa: E402
from app.tracking.passes import TrackingError  # noqa: E402
from tests.app.conftest import make_model  # noqa: E402


def main() -> None:
    network = make_model()

    def load(name: str) -> object:
        heard["loaded"] += 1  # in this process only: the workers' own count is lost with them
        return network

    sessions = Sessions(Path(sys.argv[1]))
    *_, last = sessions.create(Path(sys.argv[2]))
    session_id = last.session_id or ""
    service.connect(sessions, load=load, preload="nano")  # type: ignore[arg-type]
    project = add_object(sessions.open(session_id).project)
    sessions.save(session_id, with_prompt(project, FramePrompt(1, 0, ((20.0, 24.0),), (1,))))

    heard["areas"] = [service.segment(session_id, 1, 0).area for _ in range(2)]
    for ask in (
        lambda: service.segment(session_id, 1, 3),
        lambda: list(service.propagate(session_id, 0, 12)),
        lambda: list(service.propagate(session_id, 0, 12, 2)),
    ):
        try:
            found = ask()
            heard["frames"] = [each.frame_index for each in found]
        except TrackingError as error:
            heard["refusals"].append(str(error))
    sys.stdout.write(json.dumps(heard | {"session": session_id}))


if __name__ == "__main__":
    main()
