"""Reframing as part of a project."""

from __future__ import annotations

import pytest

from app.projects.changes import add_object, remove_object, with_reframe
from app.projects.project import Project, ProjectError
from effects.reframe import Reframe


@pytest.fixture
def project() -> Project:
    return with_reframe(add_object(add_object(Project("a.mp4"))), Reframe((1, 2), aspect="1:1"))


def test_a_project_keeps_its_reframing(project: Project) -> None:
    assert Project.from_json(project.to_json()) == project
    assert with_reframe(project, None).reframe is None
    old = project.to_json() | {"version": 1}
    del old["reframe"]
    assert Project.from_json(old).reframe is None


def test_a_removed_object_is_followed_no_more(project: Project) -> None:
    assert remove_object(project, 1).reframe == Reframe((2,), aspect="1:1")
    assert remove_object(remove_object(project, 1), 2).reframe is None


def test_reframing_on_an_unknown_object_is_refused(project: Project) -> None:
    with pytest.raises(ProjectError, match="There is no object 7"):
        with_reframe(project, Reframe((7,)))
    with pytest.raises(ProjectError, match="There is no object 7"):
        Project.from_json(project.to_json() | {"reframe": {"objects": [7]}})
    with pytest.raises(ProjectError, match="cannot be read: reframing"):
        Project.from_json(project.to_json() | {"reframe": {"objects": [1], "angle": 2}})
