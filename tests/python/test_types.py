"""mypy --strict passes on the shipped plugins and on what the package shows."""

import os
import shutil
import subprocess

import pytest
from fake_evidence import ROOT

PACKAGE = ROOT / "scripting/conclave"
PUBLIC = [path for path in sorted(PACKAGE.glob("*.py")) if not path.name.startswith("_") or path.name == "__init__.py"]

pytestmark = pytest.mark.skipif(shutil.which("mypy") is None, reason="mypy is not installed")


def check(folder, *arguments):
    command = [shutil.which("mypy"), "--strict", "--python-version=3.11", "--follow-imports=silent", *map(str, arguments)]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "scripting")}
    outcome = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_public_modules_and_the_stub_pass(tmp_path):
    check(PACKAGE.parent, f"--cache-dir={tmp_path}", *PUBLIC, PACKAGE / "_core.pyi", PACKAGE / "_async.py")


def test_the_shipped_plugins_pass(tmp_path):
    plugins = ROOT / "plugins/experts"
    found = [path.relative_to(plugins) for path in sorted(plugins.glob("*/*.py"))]
    assert len(found) >= 6
    check(plugins, f"--cache-dir={tmp_path}", "--namespace-packages", "--explicit-package-bases", *found)
