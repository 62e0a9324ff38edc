"""Whether this is a sanitizer's build, and what cannot hold in one."""

import os

import pytest

SANITIZED = any(f"lib{name}san" in os.environ.get("LD_PRELOAD", "") for name in "at")


def not_sanitized(why, *parameters):
    """A test, or one parameter of a test, that a program under a sanitizer cannot pass."""
    mark = pytest.mark.skipif(SANITIZED, reason=f"under a sanitizer: {why}")
    return pytest.param(*parameters, marks=mark) if parameters else mark
