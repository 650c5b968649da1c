"""Plots as SVG: memory over a clip's frames, one line a run. Written by hand, since one plot is worth no library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 56, 52
COLORS = {"ours": "#2563eb", "official": "#dc2626", "transformers": "#d97706"}
NAMES = {"ours": "Masklet Studio", "official": "Meta's package", "transformers": "transformers"}


def plot_memory(runs: Sequence[dict[str, Any]]) -> str:
    """What each side holds beyond its network while it tracks one object through a clip; the long runs in words."""
    drawn = [run for run in runs if run["objects"] == 1 and run["preset"] != "nano"]
    long = sorted((run for run in runs if run["preset"] == "nano"), key=lambda run: run["objects"])
    shortest = drawn[0]["length"]
    highest = max(max(growth_of(run)) for run in drawn)
    step = next(s for s in (5, 10, 20, 50, 100, 200, 500, 1000) if highest / s <= 6)
    top = step * (int(highest / step) + 1)

    def place(frame: float, mib: float) -> tuple[float, float]:
        x = LEFT + frame / shortest * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - max(mib, 0) / top * (HEIGHT - TOP - BOTTOM), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" fill="#111">Memory taken while one object is tracked</text>',
        f'<text x="{LEFT}" y="43" fill="#555">MiB more than the network alone, SAM 2.1 tiny, input 256 px, '
        f"a clip of {shortest} frames</text>",
    ]
    for mib in range(0, top + 1, step):
        x, y = place(0, mib)
        parts.append(f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end" fill="#555">{mib}</text>')
    for frame in range(0, shortest + 1, max(20, shortest // 6)):
        x, y = place(frame, 0)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle" fill="#555">{frame}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="#555">frames tracked</text>')
    for run in drawn:
        points = [place(*each) for each in zip(run["frames"], growth_of(run), strict=True)]
        line = " ".join(f"{x},{y}" for x, y in points)
        color, (x, y) = COLORS[run["side"]], points[-1]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        name = escape(NAMES[run["side"]])
        parts.append(f'<text x="{x - 6}" y="{y - 8}" text-anchor="end" fill="{color}">{name}</text>')
    for row, run in enumerate(long):
        (early, before), (late, after) = run["peak_mib"].items()
        objects = f"{run['objects']} object{'' if run['objects'] == 1 else 's'}"
        told = (
            f"Masklet Studio, nano, {objects}: at most {before:.0f} MiB after {early} frames, {after:.0f} after {late}"
        )
        parts.append(f'<text x="{LEFT + 12}" y="{TOP + 20 + 18 * row}" fill="{COLORS["ours"]}">{told}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def growth_of(run: dict[str, Any]) -> list[float]:
    """MiB more than the network alone holds."""
    return [mib - run["network_mib"] for mib in run["mib"]]
