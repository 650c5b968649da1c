"""The pure scripts of the effects' panel and of the page's words, run by Node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.editor.assets import read_asset
from app.panels.effects import build_effects_panel
from effects.keyframes import Keyframe, value_at
from tests.app.editor.test_scripts import NODE, run_script

pytestmark = pytest.mark.skipif(
    NODE is None, reason="there is no Node on this machine (Debian: apt-get install nodejs)"
)


def stack(expression: str) -> Any:
    return run_script(f"{read_asset('stack.js')}\nshow({expression});")


def spoken(expression: str) -> Any:
    head = "const studio = { set() {}, state: {} }; const element = { querySelectorAll: () => [] };"
    return run_script(f"{head}\n{read_asset('words.js')}\nshow({expression});")


def test_the_panels_scripts_are_one_script_without_a_name_used_twice() -> None:

    # gradio runs it as the body of a function.
    body = json.dumps(build_effects_panel().view.js_on_load)
    assert run_script(f'show(new Function("element", "trigger", "props", "watch", {body}).length)') == 4


@pytest.mark.parametrize(
    ("start", "to", "order"), [(0, 2, "bca"), (2, 0, "cab"), (1, 1, "abc"), (0, 9, "bca"), (2, -3, "cab")]
)
def test_a_layer_moves_to_its_place_and_the_stack_before_stays(start: int, to: int, order: str) -> None:
    moved = stack(f"(() => {{ const old = [...'abc']; return [layerMoved(old, {start}, {to}), old]; }})()")
    assert moved == [list(order), list("abc")]


def test_objects_are_aimed_at_together_and_a_layer_always_has_an_aim() -> None:
    steps = "['everything', 1, 2, 1, 2, 'background']"
    found = stack(f"{steps}.reduce((all, each) => [...all, aimToggled(all.at(-1), each)], ['background'])")
    assert found == ["background", "everything", [1], [1, 2], [2], [2], "background"]


def test_keyframes_read_as_the_render_reads_them() -> None:
    keyframes = [Keyframe(4, 0.0, "ease"), Keyframe(10, 1.0, "linear"), Keyframe(20, 0.25, "ease")]
    listed = [list(each) for each in keyframes]
    found = stack(f"[...Array(25).keys()].map((frame) => keyframedValue({listed}, frame))".replace("'", '"'))
    assert found == pytest.approx([value_at(keyframes, frame) for frame in range(25)])


def test_setting_a_keyframe_keeps_the_order_and_replaces_the_one_that_is_there() -> None:
    found = stack('keyframeSet([[0, 1, "linear"], [9, 2, "ease"]], 4, 5)')
    assert found == [[0, 1, "linear"], [4, 5, "ease"], [9, 2, "ease"]]
    assert stack('keyframeSet([[0, 1, "linear"]], 0, 5)') == [[0, 5, "linear"]]
    assert stack('keyframeDropped([[0, 1, "linear"], [9, 2, "ease"]], 9)') == [[0, 1, "linear"]]


def test_a_text_takes_its_values_and_its_number() -> None:
    text = "{n} frame of {name}|{n} frames of {name}"
    fill = f"[0, 1, 2, 1234].map((n) => fillText('{text}', {{ n, name: 'Ann' }}, 'en'))"
    assert spoken(fill) == ["0 frames of Ann", "1 frame of Ann", "2 frames of Ann", "1,234 frames of Ann"]
    assert spoken(fill.replace("'en'", "'fr'"))[0] == "0 frame of Ann"
    assert spoken("fillText('{n} 帧', { n: 1 }, 'zh')") == "1 帧"


def test_the_language_is_the_first_wanted_one_that_there_is() -> None:
    assert spoken("pickLanguage([null, 'pt-BR', 'de-AT', 'fr'], ['en', 'de', 'fr'])") == "de"
    assert spoken("pickLanguage(['pt'], ['en', 'de'])") == "en"


def test_what_the_server_said_is_the_readers_where_the_catalogue_has_it() -> None:
    said = spoken(
        "(words.tables = { en: { 'refused.empty': 'Leer: {name}.' } }, ["
        "spoken({ key: 'refused.empty', text: 'Empty.', name: 'a.mp4' }), spoken({ key: 'refused.new', text: 'New.' }),"
        "spoken('Plain.'), spoken(['Plain.', { key: 'refused.empty', name: 'b.mp4' }]), spoken('')])"
    )
    assert said == ["Leer: a.mp4.", "New.", "Plain.", "Plain. Leer: b.mp4.", ""]
