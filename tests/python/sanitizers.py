"""Whether this is a sanitizer's build, and what cannot hold in one."""

import os

import pytest


def _sanitized(letters):
    return any(f"lib{letter}san" in os.environ.get("LD_PRELOAD", "") for letter in letters)


SANITIZED = _sanitized("at")


def not_sanitized(why, *parameters, by="at"):
    """A test, or one parameter of a test, that a program under a sanitizer cannot pass. by: the first letters of the sanitizers."""
    mark = pytest.mark.skipif(_sanitized(by), reason=f"under a sanitizer: {why}")
    return pytest.param(*parameters, marks=mark) if parameters else mark
