"""Who can reach the page: this computer alone, or others too; strangers get the limits of a public host."""

from __future__ import annotations

import ipaddress

from media.limits import HOSTED


def is_public(host: str, *, is_shared: bool, is_space: bool) -> bool:
    """Whether somebody on another computer may come; where that cannot be told, yes.

    Args:
        host: the name or address that is listened on.
        is_shared: whether Gradio opens a public address as well.
        is_space: whether this is a Hugging Face Space.
    """
    if is_shared or is_space:
        return True
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, of which nobody knows where it leads
        return True


def public_notice() -> str:
    """What the one who starts a public page should know."""
    return (
        f"Other computers may reach this page, so each clip may have {HOSTED.max_bytes / 1e6:.0f} MB and "
        f"{HOSTED.max_seconds} s, and each file made of it {(HOSTED.max_export_bytes or 0) / 1e6:.0f} MB; "
        "only a page on 127.0.0.1 takes more."
    )
