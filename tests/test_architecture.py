"""The arrows of the house: who may import whom (docs/decisions/0001-the-house.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "sam2_model": {"sam2_model"},
    "media": {"media"},
    "effects": {"effects"},
    "training": {"training", "sam2_model"},
    "app": {"app", "sam2_model", "media", "effects"},
}
FORBIDDEN_LIBRARIES = {
    "sam2_model": {"gradio", "spaces"},
    "media": {"gradio", "spaces", "torch"},
    "effects": {"gradio", "spaces", "torch", "av"},
}
# Inside sam2_model nothing imports upward; a module may import what stands in an earlier row.
LAYERS_OF_THE_MODEL = [
    {"budget", "compiling", "config", "motion", "products", "positions", "prompts", "results", "preprocessing"}
    | {"mask_ops", "side_by_side", "weight_names", "tracking_options"},
    {"layers", "attention", "memory_bank", "uploads", "weight_files"},
    {"hiera", "two_way_transformer", "memory_attention", "memory_encoder", "prompt_encoder", "track"},
    {"image_encoder"},
    {"mask_decoder"},
    {"model"},
    {"checkpoints", "frame_features"},
    {"segmenter"},
    {"image_predictor", "video_predictor"},
    {"automatic_masks"},
    {"compat"},
    {"__init__"},
]
# Inside app a folder may import what stands in an earlier row, besides itself and the files that stand in no folder.
FOLDERS_OF_THE_APP = [
    {"projects", "editor"},
    {"sessions"},
    {"tracking", "rendering"},
    {"exports"},
    {"panels", "command_line"},
    {"handlers"},
]


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, relative ones as `.name`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            found |= {dots + node.module} if node.module else {dots + alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_only_what_they_may(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        tops = {name.split(".")[0] for name in imports_of(path) if not name.startswith(".")}
        assert not (tops & set(MAY_IMPORT)) - MAY_IMPORT[room], f"{path.relative_to(ROOT)} reaches into another room"
        wrong = tops & FORBIDDEN_LIBRARIES.get(room, set())
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_nothing_in_the_model_imports_upward() -> None:
    row_of = {name: row for row, names in enumerate(LAYERS_OF_THE_MODEL) for name in names}
    for path in sorted((ROOT / "sam2_model").glob("*.py")):
        assert path.stem in row_of, f"say in which row sam2_model/{path.name} stands"
        for name in imports_of(path):
            if name.startswith(".") and (target := name.lstrip(".").split(".")[0]) in row_of:
                assert row_of[target] < row_of[path.stem], f"{path.name} imports {target}, which stands above it"


def test_nothing_in_the_app_imports_upward() -> None:
    row_of = {name: row for row, names in enumerate(FOLDERS_OF_THE_APP) for name in names}
    folders = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
    assert folders == set(row_of), "say in which row each folder of app stands"
    for folder in folders:
        for path in (ROOT / "app" / folder).rglob("*.py"):
            reached = {name.split(".")[1] for name in imports_of(path) if name.startswith("app.")} & folders - {folder}
            higher = {name for name in reached if row_of[name] >= row_of[folder]}
            assert not higher, f"{path.relative_to(ROOT)} imports {higher}, which stands above it"


@pytest.mark.parametrize("room", ["sam2_model", "media", "effects", "training", "app"])
def test_no_file_asks_for_a_shell_or_loads_pickles(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            keywords = {k.arg: k.value for k in node.keywords}
            assert "shell" not in keywords, f"{path.name}:{node.lineno} starts a shell"
            if ast.unparse(node.func) == "torch.load":
                safe = keywords.get("weights_only")
                assert ast.unparse(safe or ast.Constant(None)) == "True", f"{path.name}:{node.lineno}"
