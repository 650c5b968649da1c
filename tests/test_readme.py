"""The README promises a tree, one line a file, and links; here it is held to them."""

from __future__ import annotations

import re

from docs.readme_tree import README, ROOT, tree, written_tree


def test_the_tree_names_every_file_by_its_own_first_sentence() -> None:
    written, wanted = written_tree().splitlines(), tree().splitlines()
    missing = [line for line in wanted if line not in written]
    gone = [line for line in written if line not in wanted]
    assert written == wanted, f"run `make tree`: README.md lacks {missing} and should not have {gone}"


def test_every_link_and_picture_exists() -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README.read_text())
    assert targets
    broken = [target for target in targets if not (ROOT / target).exists()]
    assert not broken, f"README.md points to {broken}"
