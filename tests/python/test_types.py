"""mypy --strict passes on the whole package and on the shipped plugins."""

import os
import shutil
import subprocess

import pytest
from fake_evidence import ROOT

PACKAGE = ROOT / "scripting/conclave"

pytestmark = pytest.mark.skipif(shutil.which("mypy") is None, reason="mypy is not installed")


def check(folder, *arguments):
    command = [shutil.which("mypy"), "--strict", "--python-version=3.11", "--follow-imports=silent", *map(str, arguments)]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "scripting")}
    outcome = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_package_and_its_stub_pass(tmp_path):
    modules = sorted(PACKAGE.glob("*.py"))
    assert {"__init__.py", "case.py", "_host.py", "_worker.py"} <= {path.name for path in modules}
    check(PACKAGE.parent, f"--cache-dir={tmp_path}", *modules, PACKAGE / "_core.pyi")


def test_the_shipped_plugins_pass(tmp_path):
    plugins = ROOT / "plugins"
    found = [path.relative_to(plugins) for path in sorted(plugins.glob("*/*/*.py"))]
    assert len(found) >= 7
    check(plugins, f"--cache-dir={tmp_path}", "--namespace-packages", "--explicit-package-bases", *found)
