"""The page's handlers as plain functions: what comes back, what is kept, and what a person reads when it fails."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.editor.channels import DIRECT
from app.events import answering_now
from app.handlers import editing, effects, exporting, opening, running
from app.handlers.envelope import Handler, Message, RequestError, Studio, answer
from app.panels.clip import describe_examples, describe_models
from tests.app.asking import last, run
from tests.app.made_clips import NUM_FRAMES, SIZE, decode, make_sound_file

CLICK = {"n": 1, "object": 1, "frame": 0, "points": [[20, 24, 1]], "box": None}


def alpha_of(png: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        return np.asarray(image.convert("RGBA"))[..., 3] > 0


def test_opening_says_how_far_it_is_and_ends_with_a_clip_and_an_object(studio: Studio, clip_path: Path) -> None:
    *progress, (message, session_id, waiting) = opening.open_files(studio, [clip_path], None)
    assert session_id is not None
    assert waiting is None
    assert all(each.message["task"]["kind"] == "open" and each.session_id is None for each in progress)
    pictures = [each.message["task"]["picture"] for each in progress if "picture" in each.message["task"]]
    assert len(pictures) == 1
    assert pictures[0].startswith("data:image/jpeg;base64,")
    assert message["clip"]["size"] == list(SIZE)
    assert message["clip"]["frames"] == NUM_FRAMES
    assert message["clip"]["has_audio"]
    assert [each["name"] for each in message["objects"]] == ["Object 1"]
    pack = Path(message["clip"]["pack"]["path"])
    offsets = message["clip"]["pack"]["offsets"]
    assert pack.is_relative_to(studio.sessions.root / session_id)
    with Image.open(io.BytesIO(pack.read_bytes()[offsets[3] : offsets[4]])) as image:
        assert image.size == (SIZE[1], SIZE[0])
    json.dumps(message)  # it travels as JSON


def test_a_file_that_is_no_video_is_refused_in_a_sentence(studio: Studio, tmp_path: Path) -> None:
    sound = make_sound_file(tmp_path / "sound.wav")

    def open_sound(*_: Any) -> Iterator[Message]:
        return (opened.message for opened in opening.open_files(studio, [sound], None))

    *_, message = answer(open_sound, studio, None, {})
    assert message["done"]
    assert message["error"].endswith(".")
    assert message["reason"]["key"] in ("refused.no_picture", "refused.no_video")
    assert "Traceback" not in message["error"]
    assert not list(studio.sessions.root.glob("*"))


def test_a_click_brings_the_mask_and_the_objects_back(studio: Studio, edited: str) -> None:
    message = last(studio, editing.prompt, edited, **CLICK)
    assert "error" not in message
    assert (message["re"], message["done"]) == (1, True)
    (mask,) = message["masks"]
    stored = studio.sessions.open(edited).masks.read(1, 0)
    assert stored is not None
    assert np.array_equal(alpha_of(mask["png"]), stored)
    assert message["objects"][0]["prompts"] == {"0": {"points": [[20.0, 24.0, 1]], "box": None, "choice": None}}


def test_taking_all_clicks_away_takes_the_mask_away(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    message = last(studio, editing.prompt, edited, **{**CLICK, "points": []})
    assert message["masks"] == [{"object": 1, "frame": 0, "png": None, "visible": None}]
    assert message["objects"][0]["prompts"] == {}
    assert studio.sessions.open(edited).masks.read(1, 0) is None


@pytest.mark.parametrize(
    ("change", "words", "code"),
    [
        ({"points": [[64, 10, 1]]}, "outside the picture", "outside"),
        ({"points": [[-1, 10, 1]]}, "outside the picture", "outside"),
        ({"points": [[float("nan"), 10, 1]]}, "outside the picture", "outside"),
        ({"box": [10, 10, 10, 30]}, "box is too small", "box"),
        ({"box": [10, 10, 99, 30]}, "outside the picture", "box"),
        ({"frame": NUM_FRAMES}, "There is no frame", "no_frame"),
        ({"object": 9}, "no object 9", "no_object"),
        ({"points": [[5, 5, 1]] * 201}, "at most 200", "most_clicks"),
        ({"points": "x"}, "does not understand", "not_understood"),
        ({"object": None}, "does not understand", "not_understood"),
    ],
)
def test_a_bad_click_is_refused_and_loses_nothing(
    studio: Studio, edited: str, change: dict[str, Any], words: str, code: str
) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    before = studio.sessions.open(edited).project
    message = last(studio, editing.prompt, edited, **{**CLICK, **change})
    assert words in message["error"]
    assert message["reason"]["key"] == f"refused.{code}"
    assert message["done"]
    assert studio.sessions.open(edited).project == before


def test_objects_are_added_renamed_and_removed_with_their_masks(studio: Studio, edited: str) -> None:
    added = last(studio, editing.objects, edited, action="add")
    assert added["select"] == 2
    last(studio, editing.prompt, edited, **{**CLICK, "object": 2})
    renamed = last(studio, editing.objects, edited, action="rename", object=2, name="Ball")
    assert [each["name"] for each in renamed["objects"]] == ["Object 1", "Ball"]
    refused = last(studio, editing.objects, edited, action="rename", object=2, name=" ")
    assert "needs a name" in refused["error"]
    assert [each["name"] for each in refused["objects"]] == ["Object 1", "Ball"]
    removed = last(studio, editing.objects, edited, action="remove", object=2)
    assert [each["id"] for each in removed["objects"]] == [1]
    assert studio.sessions.open(edited).masks.frames(2) == ()


def test_tracking_streams_every_mask_with_its_progress(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    messages = run(studio, running.track, edited)
    frames = [mask["frame"] for message in messages for mask in message.get("masks", ())]
    assert frames == list(range(1, NUM_FRAMES)), "the clicked frame has its mask already"
    done = [message["task"]["done"] for message in messages if message.get("task")]
    assert done == sorted(done)
    assert done[-1] == NUM_FRAMES - 1
    assert messages[-1]["task"] is None
    masks = studio.sessions.open(edited).masks
    for index, digit in enumerate(messages[-1]["lanes"]["1"]["seen"]):
        mask = masks.read(1, index)
        assert mask is not None
        assert digit == ("2" if mask.any() else "1")


def test_tracking_that_is_stopped_keeps_what_is_done(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    stream = answer(running.track, studio, edited, {"n": 1})
    while not next(stream).get("masks"):
        pass
    stream.close()
    message = last(studio, running.stop_track, edited)
    assert message["lanes"]["1"]["seen"][0] == "2"
    assert message["status"]["key"] == "status.track_stopped"
    assert studio.sessions.open(edited).masks.read(1, 0) is not None


def test_tracking_again_from_a_frame_does_only_what_comes_after(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    run(studio, running.track, edited)
    last(studio, editing.prompt, edited, **{**CLICK, "frame": 7})
    messages = run(studio, running.track, edited)
    assert [mask["frame"] for message in messages for mask in message.get("masks", ())] == list(range(8, NUM_FRAMES))


def test_an_object_added_late_is_also_followed_back(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    run(studio, running.track, edited)
    last(studio, editing.objects, edited, action="add")
    last(studio, editing.prompt, edited, **{**CLICK, "object": 2, "frame": 5})
    run(studio, running.track, edited)
    assert studio.sessions.open(edited).masks.frames(2) == tuple(range(NUM_FRAMES))


def test_tracking_without_a_click_says_what_to_do(studio: Studio, edited: str) -> None:
    message = last(studio, running.track, edited)
    assert "click an object" in message["error"]
    assert message["reason"]["key"] == "refused.nothing_to_track"
    assert message["task"] is None


def test_a_render_can_be_played_and_the_one_before_stays(studio: Studio, edited: str) -> None:
    first = last(studio, exporting.render, edited)["output"]
    messages = run(studio, exporting.render, edited)
    output = messages[-1]["output"]
    assert output["name"] == "square-masklet.mp4"
    pictures, times, sound_seconds = decode(Path(output["path"]))
    assert len(pictures) == len(times) == NUM_FRAMES
    assert sound_seconds == pytest.approx(1.2, abs=0.2)
    assert Path(first["path"]).is_file()  # it may still be downloading
    assert max(message["task"]["done"] for message in messages if message.get("task")) == NUM_FRAMES


def test_a_render_that_is_stopped_leaves_the_last_one(studio: Studio, edited: str) -> None:
    first = last(studio, exporting.render, edited)["output"]
    stream = answer(exporting.render, studio, edited, {"n": 1})
    next(stream)
    stream.close()
    assert Path(first["path"]).is_file()
    assert last(studio, exporting.stop_render, edited)["task"] is None


def test_the_time_left_is_not_guessed_from_the_first_frames(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    tasks = [each["task"] for each in run(studio, running.track, edited) if each.get("task")]
    told = {task["done"]: task["rate"] for task in tasks}
    assert all(rate == 0 for done, rate in told.items() if done < 5)
    assert all(rate > 0 for done, rate in told.items() if done >= 5)
    assert max(told) >= 5


def test_masks_that_the_page_missed_can_be_asked_for(studio: Studio, edited: str) -> None:
    last(studio, editing.prompt, edited, **CLICK)
    message = last(studio, editing.masks, edited, frames=[0, 1])
    object_id, frame_index, png = message["stored"].split(":")
    assert (object_id, frame_index) == ("1", "0")
    assert base64.b64decode(png).startswith(b"\x89PNG")


@pytest.mark.parametrize("session_id", [None, "0" * 32, "../../etc"])
@pytest.mark.parametrize("handler", [editing.prompt, running.track, exporting.render, effects.look])
def test_without_a_session_a_sentence_says_what_to_do(studio: Studio, session_id: str | None, handler: Handler) -> None:
    message = last(studio, handler, session_id, **CLICK)
    assert message["reason"]["key"] in ("refused.no_clip", "refused.gone")


def test_a_clip_that_is_replaced_while_its_timeline_is_made_is_no_failure(
    studio: Studio, edited: str, caplog: pytest.LogCaptureFixture
) -> None:
    def replaced_meanwhile(*_: Any) -> Iterator[Message]:
        frames = studio.sessions.open(edited).frames
        yield {}
        studio.sessions.delete(edited)
        frames.jpeg(0)

    message = last(studio, replaced_meanwhile, edited)
    assert message["gone"]
    assert message["reason"]["key"] == "refused.gone"
    assert not caplog.records


def test_a_failure_inside_is_one_sentence_without_its_details(studio: Studio) -> None:
    def broken(*_: Any) -> Iterator[Message]:
        raise RuntimeError("secret /path")
        yield {}

    (message,) = answer(broken, studio, None, {"n": 4})
    assert "secret" not in message["error"]
    assert (message["re"], message["done"]) == (4, True)


def test_a_model_is_chosen_for_the_clip_and_an_unknown_one_refused(studio: Studio, edited: str) -> None:
    message = last(studio, opening.model, edited, name="sam2.1_tiny")
    assert message["models"]["current"] == "sam2.1_tiny"
    assert studio.sessions.open(edited).project.model == "sam2.1_tiny"
    assert "no model sam9" in last(studio, opening.model, edited, name="sam9")["error"]
    assert studio.sessions.open(edited).project.model == "sam2.1_tiny"


def test_a_checkpoint_of_ones_own_is_in_the_menu() -> None:
    models = describe_models((), "/data/mine.pt", "It was chosen.")
    assert [each["title"] for each in models["choices"]] == ["mine"]


def test_examples_are_shown_by_name_and_opened_by_nothing_else(studio: Studio) -> None:
    assert [each["name"] for each in describe_examples(studio.examples)] == ["square"]
    assert opening.example_path(studio, {"example": "square"}).name == "square.mp4"
    for name in ("../square", "", None, "square.mp4"):
        with pytest.raises(RequestError):
            opening.example_path(studio, {"example": name})


def test_what_needs_no_queue_is_answered_by_one_message(studio: Studio, edited: str) -> None:
    answer_now = answering_now(studio)
    for channel in DIRECT:
        refused = answer_now({"channel": channel, "n": 5})
        assert (refused["reason"]["key"], refused["re"], refused["done"]) == ("refused.no_clip", 5, True), channel
    for odd in ({"channel": "track"}, {"channel": None}, {}, None, "look"):
        assert answer_now(odd)["reason"]["key"] == "refused.not_understood"
    message = answer_now({"channel": "look", "session": edited, "frame": 2, "layers": [], "version": 7, "n": 6})
    assert (message["composed"]["frame"], message["composed"]["version"], message["re"]) == (2, 7, 6)
    json.dumps(message)


def test_an_empty_name_is_refused_and_the_old_one_comes_back(studio: Studio, edited: str) -> None:
    asked = {"channel": "objects", "session": edited, "action": "rename", "object": 1, "name": " "}
    message = answering_now(studio)(asked)
    assert "error" in message
    assert message["objects"][0]["name"] == "Object 1"
