"""The wheel: built in the tree, installed into a clean environment, where the tests of the package pass."""

import os
import subprocess
import sys

import pytest
from environments import environment
from fake_evidence import ROOT
from sanitizers import SANITIZED

# Those that need the program or other environments, those of the source tree, and those that take long: of them, what shows that
# workers start from here.
ELSEWHERE = {
    "test_wheel.py", "test_numpy.py", "test_example.py", "test_experts_language_model.py", "test_types.py", "test_isolated.py",
    "test_isolated_cycles.py", "test_environments.py",
}  # fmt: skip
WORKERS = [
    "test_isolated.py::test_a_named_expert_answers_from_a_process_of_its_own",
    "test_environments.py::test_packages_and_what_they_need_are_installed_and_imported_in_the_worker",
]


def run(command, **more):
    outcome = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=1500, **more)
    assert outcome.returncode == 0, (outcome.stdout + outcome.stderr)[-3000:]
    return outcome.stdout


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The python of an environment that has the wheel and what its tests need."""
    if SANITIZED:
        pytest.skip("the wheel is a release build, which the release preset tests")
    builder, why_not = environment("builder", ["build", "scikit-build-core>=0.10"])
    if builder is None:
        pytest.skip(why_not)
    folder = tmp_path_factory.mktemp("wheel")
    build = [builder, "-P", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    # The compiler by the name that the build of the tree uses, so that a compiler cache knows the files.
    run(build, cwd=folder, env={**os.environ, "CXX": os.environ.get("CXX", "c++")})
    (wheel,) = folder.glob("conclave-*.whl")
    run([sys.executable, "-m", "venv", folder / "clean"])
    python = folder / "clean/bin/python"
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel])
    run([python, "-m", "pip", "install", "--quiet", "pytest", "hypothesis"])
    return python


def environment_without_the_tree():
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LD_LIBRARY_PATH")}


def test_the_package_is_whole(clean, tmp_path):
    code = (
        "import conclave, os; folder = os.path.dirname(conclave.__file__); print('site-packages' in folder);"
        "print(sorted(os.listdir(conclave.case.shipped_plugins() + '/experts')));"
        "print(os.path.exists(folder + '/py.typed'), os.path.exists(folder + '/libconclave_engine.so'))"
    )
    lines = run([clean, "-c", code], cwd=tmp_path, env=environment_without_the_tree()).splitlines()
    assert lines[0] == "True" and "error_bursts" in lines[1] and "__pycache__" not in lines[1] and lines[2] == "True True"


def test_the_tests_of_the_package_pass(clean, tmp_path):
    folder = ROOT / "tests/python"
    tests = [*(path for path in sorted(folder.glob("test_*.py")) if path.name not in ELSEWHERE), *(folder / worker for worker in WORKERS)]
    environment = {**environment_without_the_tree(), "PYTHONDONTWRITEBYTECODE": "1"}
    report = run([clean, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], cwd=tmp_path, env=environment)
    assert " passed" in report
