from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.projects.changes import (
    add_object,
    recolor,
    remove_object,
    rename,
    set_locked,
    set_visible,
    with_layers,
    with_marks,
    with_prompt,
    without_prompt,
)
from app.projects.project import FramePrompt, Project, ProjectError, mask_from_text, mask_to_text
from effects.layer import parse_layer


def full_project() -> Project:
    mask = np.zeros((5, 9), dtype=bool)
    mask[1:3, 2:7] = True
    project = add_object(add_object(Project(clip="a.mp4", model="sam2.1_tiny"), "Dog"), "Ball")
    project = with_prompt(project, FramePrompt(2, 7, mask_png=mask_to_text(mask)))
    project = with_prompt(project, FramePrompt(1, 0, ((1.5, 2.0), (3.0, 4.25)), (1, 0), box=(0.0, 1.0, 8.0, 5.0)))
    return with_layers(project, [parse_layer("background blur strength=0.7"), parse_layer("1,2 outline")])


def test_a_project_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    project = full_project()
    project.save(tmp_path / "p.json")

    assert Project.load(tmp_path / "p.json") == project
    assert json.loads((tmp_path / "p.json").read_text())["version"] == 2
    assert [each.name for each in tmp_path.iterdir()] == ["p.json"]


def test_prompts_keep_the_order_in_which_frames_were_first_prompted() -> None:
    project = full_project()
    project = with_prompt(project, FramePrompt(2, 7, ((4.0, 4.0),), (1,)))

    assert [(each.object_id, each.frame_index) for each in project.prompts] == [(2, 7), (1, 0)]
    assert project.prompt(2, 7) == FramePrompt(2, 7, ((4.0, 4.0),), (1,))


def test_a_change_leaves_the_old_project_as_it_was() -> None:
    project = full_project()
    before = project.to_json()
    add_object(project)
    remove_object(project, 1)
    rename(project, 1, "Cat")
    without_prompt(project, 1, 0)
    with_layers(project, [])
    assert project.to_json() == before


def test_objects_get_numbers_names_and_colours_of_their_own() -> None:
    project = Project(clip="a.mp4")
    for _ in range(8):
        project = add_object(project)
    project = remove_object(project, 3)
    project = add_object(project)

    assert project.object_ids == (1, 2, 4, 5, 6, 7, 8, 9)
    assert project.objects[-1].name == "Object 9"
    assert len(set(project.colors.values())) == 8
    assert rename(project, 9, "  Bird ").object(9).name == "Bird"


def test_a_removed_object_takes_its_prompts_and_its_place_in_layers_with_it() -> None:
    project = with_layers(full_project(), [parse_layer("1,2 outline"), parse_layer("2 highlight")])
    project = remove_object(project, 2)

    assert [each.object_id for each in project.prompts] == [1]
    assert [layer.target for layer in project.layers] == [(1,)]


def test_what_version_2_adds_comes_back_and_version_1_still_opens() -> None:
    project = with_marks(set_locked(set_visible(full_project(), 1, False), 2, True), (3, 9))
    project = recolor(project, 2, "#A1B2C3")
    project = with_prompt(project, FramePrompt(1, 3, ((1.0, 2.0),), (1,), choice=2))
    again = Project.from_json(json.loads(json.dumps(project.to_json())))
    assert again == project
    assert (again.object(1).visible, again.object(2).locked, again.object(2).color) == (False, True, "#a1b2c3")

    old = full_project().to_json() | {"version": 1}
    del old["marks"]
    for each in old["objects"]:
        del each["visible"], each["locked"]
    assert Project.from_json(old) == full_project()


def test_a_prompt_that_says_nothing_any_more_is_gone() -> None:
    project = with_prompt(full_project(), FramePrompt(1, 0))
    assert project.prompt(1, 0) is None
    assert project.prompted_frames(1) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(version=3), "version 3"),
        (lambda data: data.pop("version"), "version"),
        (lambda data: data.pop("clip"), "clip"),
        (lambda data: data.update(objects=[{"id": 1}]), "name"),
        (lambda data: data.update(objects=7), "cannot be read"),
        (lambda data: data["objects"][0].update(color="red;}"), "colour"),
        (lambda data: data["objects"][0].update(id=-5), "from 1"),
        (lambda data: data["objects"][0].update(id=2), "each once"),
        (lambda data: data["objects"][0].update(id=float("inf")), "cannot be read"),
        (lambda data: data["prompts"][0].update(object=5), "no object 5"),
        (lambda data: data["prompts"][1].update(labels=[1]), "2 points"),
        (lambda data: data["prompts"][1].update(labels=[1, 3]), "1 (add) or 0"),
        (lambda data: data["prompts"][1].update(frame=-1), "counted from 0"),
        (lambda data: data["prompts"][1].update(box=[1, 2]), "cannot be read"),
        (lambda data: data["prompts"][0].update(mask_png="AAAA"), "PNG"),
        (lambda data: data["prompts"][1].update(choice=3), "three answers"),
        (lambda data: data.update(marks=[5, 5]), "enclose no frame"),
        (lambda data: data.update(marks=[5]), "cannot be read"),
        (lambda data: data["layers"][0]["effect"].update(name="blurr"), "blurr"),
    ],
)
def test_json_that_is_no_project_gives_one_sentence(change, words: str) -> None:
    data = full_project().to_json()
    change(data)
    with pytest.raises(ProjectError) as caught:
        Project.from_json(data)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\x00\xff", "null", "[" * 200_000])
def test_a_file_that_is_no_project_gives_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ProjectError, match="project"):
        Project.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no project file gone\.json"):
        Project.load(tmp_path / "gone.json")


def test_a_clip_name_never_carries_a_folder() -> None:
    data = full_project().to_json() | {"clip": "../../etc/passwd"}
    assert Project.from_json(data).clip == "passwd"


def test_layers_for_an_unknown_object_are_refused() -> None:
    with pytest.raises(ProjectError, match="no object 3"):
        with_layers(full_project(), [parse_layer("3 outline")])


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (480, 854)])
def test_a_mask_comes_back_from_its_text(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(1).random(shape) > 0.5
    assert np.array_equal(mask_from_text(mask_to_text(mask)), mask)


def test_a_tiny_file_with_a_huge_mask_is_refused_before_it_is_decoded() -> None:
    for side in (7000, 14_000):  # the larger one is also what Pillow itself calls a bomb
        buffer = io.BytesIO()
        Image.new("1", (side, side)).save(buffer, format="PNG")
        with pytest.raises(ProjectError, match="mask"):
            mask_from_text(base64.b64encode(buffer.getvalue()).decode("ascii"))


def test_a_project_from_outside_is_no_larger_than_one_made_here() -> None:
    data = full_project().to_json()
    name = "a" * 100_000
    named = Project.from_json({**data, "objects": [{**each, "name": name} for each in data["objects"]]})
    assert all(len(each.name) == 60 for each in named.objects)
    assert len(add_object(Project(clip="a.mp4"), name).objects[0].name) == 60

    layer = parse_layer("background blur")
    with pytest.raises(ProjectError, match="layers"):
        with_layers(full_project(), [layer] * 101)
    many = tuple(replace(full_project().objects[0], id=number) for number in range(1, 202))
    with pytest.raises(ProjectError, match="objects"):
        replace(full_project(), objects=many)
    with pytest.raises(ProjectError, match="clicks"):
        FramePrompt(1, 0, ((1.0, 1.0),) * 201, (1,) * 201)
