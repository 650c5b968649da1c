"""What HDR and wide-gamut colours look like on an ordinary screen, as a table of colours.

PQ is SMPTE ST 2084; HLG with its display rendering (OOTF) is ITU-R BT.2100; the curve that rolls highlights off
is the one of ITU-R BT.2390, section 5.4.1; diffuse white at 203 cd/m² is that of ITU-R BT.2408.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRANSFER_PQ, TRANSFER_HLG = 16, 18  # FFmpeg's AVCOL_TRC_SMPTE2084 and AVCOL_TRC_ARIB_STD_B67
PRIMARIES_BT709, PRIMARIES_BT2020, PRIMARIES_P3 = 1, 9, 12  # FFmpeg's AVCOL_PRI_BT709, _BT2020 and _SMPTE432

STEPS = 64
"""Steps of the table along each of red, green and blue. A Hald picture's sides are then 512."""

PEAK = 1000.0
"""The brightest that HDR is usually made for [cd/m²]; what is brighter still is shown as this."""

WHITE = 203.0
"""What an ordinary screen shows as its brightest [cd/m²]."""

GAMMA = 2.2
"""Of an ordinary screen."""

TO_BT709 = {
    PRIMARIES_BT709: np.eye(3),
    PRIMARIES_BT2020: np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
    PRIMARIES_P3: np.array([[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]]),
}
"""Linear light from other primaries to those of bt709, white D65 in all."""

LUMA_BT2020 = np.array([0.2627, 0.6780, 0.0593])
LUMA_BT709 = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class ColorCoding:
    """How a clip codes brightness and which primaries it mixes, in FFmpeg's numbers."""

    transfer: int
    primaries: int

    @property
    def is_hdr(self) -> bool:
        """Whether brightness is coded as PQ or HLG, which an ordinary screen shows washed out."""
        return self.transfer in (TRANSFER_PQ, TRANSFER_HLG)

    @property
    def is_ordinary(self) -> bool:
        """Whether a screen can show the colours as they are."""
        return not self.is_hdr and self.primaries not in (PRIMARIES_BT2020, PRIMARIES_P3)


def screen_colors(coding: ColorCoding) -> NDArray[np.uint16]:
    """The table of colours: for each of 64³ coded colours the one that a screen should show.

    Returns:
        (512, 512, 3) uint16 RGB, laid out as a Hald picture: red runs fastest, then green, then blue.
    """
    steps = np.linspace(0, 1, STEPS)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    coded = np.stack([red, green, blue], axis=-1)
    light = _roll_off(_light(coded, coding.transfer)) / WHITE if coding.is_hdr else coded**GAMMA
    # HDR that does not name its primaries is made with those of bt2020.
    matrix = TO_BT709.get(coding.primaries, TO_BT709[PRIMARIES_BT2020])
    shown = _into_gamut(light @ matrix.T) ** (1 / GAMMA)
    side = int(STEPS**1.5)
    return np.round(shown * 65535).astype(np.uint16).reshape(side, side, 3)


def _light(coded: Floats, transfer: int) -> Floats:
    """Light of the display for which the picture was made [cd/m²]."""
    if transfer == TRANSFER_PQ:
        return _pq_to_light(coded)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    luma = (scene @ LUMA_BT2020)[..., None]
    return PEAK * np.power(luma, 0.2) * scene  # a display of 1000 cd/m² has a system gamma of 1.2


def _roll_off(light: Floats) -> Floats:
    """Bring 0–1000 cd/m² down to 0–203: dark and middle tones stay, highlights come closer to each other.

    All three colours are scaled by what their brightest needs, so that hues stay.
    """
    brightest = np.minimum(light.max(axis=-1, keepdims=True), PEAK)
    peak = _light_to_pq(np.array(PEAK))
    level = _light_to_pq(brightest) / peak
    ceiling = _light_to_pq(np.array(WHITE)) / peak
    knee = 1.5 * ceiling - 0.5
    t = np.maximum(level - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * ceiling
    shown = _pq_to_light(np.where(level < knee, level, curve) * peak)
    return light * shown / np.maximum(light.max(axis=-1, keepdims=True), 1e-6)


def _into_gamut(light: Floats) -> Floats:
    """Mix grey of the same brightness into colours that bt709 does not have, as little as is needed."""
    grey = np.clip((light @ LUMA_BT709)[..., None], 0, 1)
    beyond = light - grey
    room = np.where(beyond > 0, 1 - grey, grey)
    share = np.min(np.minimum(1, room / np.maximum(np.abs(beyond), 1e-9)), axis=-1, keepdims=True)
    return np.clip(grey + beyond * share, 0, 1)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_light(coded: Floats) -> Floats:
    power = coded ** (1 / _M2)
    return 10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _light_to_pq(light: Floats) -> Floats:
    power = (light / 10000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
