"""debugpy in this process: a debugger of this machine may attach."""

from __future__ import annotations

import os
import sys

__all__ = ["Unavailable", "listen"]


class Unavailable(Exception):
    """There is no debugpy, or no such port to be had; the text says which, and what to do."""


_address = ""


def listen(port: int) -> str:
    """Listens on loopback, 0 for any free port; the address. It cannot be taken back, and the next call says the same address."""
    global _address
    if _address:
        return _address
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # it warns of what holds for modules of Python only
    try:
        import debugpy  # type: ignore[import]
    except ImportError:
        raise Unavailable(
            f"a debugger needs debugpy for {sys.executable}; install it with: apt install python3-debugpy"
        ) from None
    try:
        host, bound = debugpy.listen(("127.0.0.1", port))
    except (OSError, RuntimeError) as error:  # RuntimeError: its adapter process could not
        raise Unavailable(f"cannot listen for a debugger at 127.0.0.1:{port}: {error}") from error
    _address = f"{host}:{bound}"
    return _address
