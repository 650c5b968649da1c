"""Words as mattes: how much memory a stranger's words may take."""

from __future__ import annotations

from effects.lettering import letter


def test_long_words_in_large_letters_stay_within_what_can_be_laid_on_a_frame() -> None:
    words = letter("W" * 200, 1200.0, 0.06)
    assert words.shape[1] < 2**15  # what OpenCV can move at all
    assert words.nbytes < 2**27
    assert words.max() == 1
    usual = letter("Our dog", 200.0, 0.06)
    assert 0.6 * 200 < usual.shape[0] < 1.2 * 200
