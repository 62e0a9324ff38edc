"""conclave plugins environment, environments; consult with plugins that need packages."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "python"))
from wheels import wheel  # noqa: E402


@pytest.fixture
def wheels(conclave):
    for name in [name for name in conclave.env if name.startswith("PIP_")]:
        del conclave.env[name]
    conclave.env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(conclave.folder / "wheels")}
    wheel(conclave.folder / "wheels", "tiny", "1.0")
    return conclave.folder / "wheels"


@pytest.fixture
def plugin(conclave):
    def write(name="mine", requirements=("tiny",), python=">=3.8"):
        path = conclave.folder / f"{name}.py"
        path.write_text(f"# /// script\n# dependencies = {json.dumps(list(requirements))}\n# requires-python = '{python}'\n# ///\n"
                        "import conclave\n@conclave.expert\ndef assess(evidence, job):\n    import tiny\n    return tiny.version\n")
        return path
    return write


@pytest.fixture
def silent_index(conclave, wheels):
    """An index that takes calls and never answers; set once somebody asked."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        del conclave.env["PIP_NO_INDEX"], conclave.env["PIP_FIND_LINKS"]
        conclave.env["PIP_INDEX_URL"] = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        kept = []

        def listen():
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return
                asked.set()

        threading.Thread(target=listen, daemon=True).start()
        yield asked
        server.shutdown(socket.SHUT_RDWR)
    for one in kept:
        one.close()


def left(conclave):
    folder = conclave.folder / "data" / "conclave" / "environments"
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


def test_an_environment_is_made_shown_listed_and_removed(conclave, wheels, plugin):
    path = plugin()
    listed = conclave("plugins", "check", path, "--json").json["plugins"][0]
    assert (listed["environment"]["state"], listed["requires_python"]) == ("not made", ">=3.8")
    made = conclave("plugins", "environment", path, "--json")
    assert made.code == 0, made
    environment = made.json["environment"]
    assert (environment["made"], environment["state"], environment["packages"]) == (True, "ready", ["tiny 1.0"])
    assert conclave("plugins", "check", path, "--json").json["plugins"][0]["environment"]["state"] == "ready"
    again = conclave("plugins", "environment", "mine", "--plugins", conclave.folder, "--json").json["environment"]
    assert (again["made"], again["folder"]) == (False, environment["folder"])
    (row,) = conclave("plugins", "environments", "--json").json["environments"]
    assert [(one["name"], one["path"]) for one in row["plugins"]] == [("mine", str(path))] and row["bytes"] > 0 and row["last_use"]
    assert "tiny 1.0" in conclave("plugins", "environments").out
    assert conclave("plugins", "environment", path, "--rebuild", "--json").json["environment"]["made"] is True
    assert conclave("plugins", "environment", path, "--remove").code == 0
    assert left(conclave) == []
    assert "has no environment" in conclave.fails(2, "plugins", "environment", path, "--remove")


def test_unused_ones_are_pruned_and_others_stay(conclave, wheels, plugin):
    wheel(wheels, "other", "1.0")
    path = plugin()
    gone = plugin("gone", ["other"])
    conclave("plugins", "environment", path)
    conclave("plugins", "environment", gone)
    gone.unlink()
    (removed,) = conclave("plugins", "environments", "--prune", "--json").json["removed"]
    assert removed["packages"] == ["other 1.0"]
    assert [row["packages"] for row in conclave("plugins", "environments", "--json").json["environments"]] == [["tiny 1.0"]]
    assert "every environment is needed" in conclave("plugins", "environments", "--prune").err


def test_a_consultation_makes_it_and_says_what_it_does(conclave, wheels, plugin, case):
    outcome = conclave("consult", case(), "--expert", plugin(), "--json")
    (response,) = outcome.json["responses"]
    assert (response["status"], response["content"]) == ("answered", "1.0"), response


def test_a_consultation_goes_on_without_what_cannot_be_installed(conclave, wheels, plugin, case):
    outcome = conclave("consult", case(), "--expert", plugin("bad", ["missing"]), "--expert", plugin("good"), "--json")
    bad, good = outcome.json["responses"]
    assert bad["status"] == "failed" and "the package index has no missing" in bad["error"]["message"]
    assert good["status"] == "answered"
    state = conclave("plugins", "check", conclave.folder / "bad.py", "--json").json["plugins"][0]["environment"]
    assert state["state"] == "not made" and "the package index has no missing" in state["why"]


def test_hooks_that_need_packages_get_them(conclave, wheels, case):
    folder = conclave.folder / "hooks"
    folder.mkdir()
    (folder / "adds.py").write_text("# /// script\n# dependencies = ['tiny']\n# [tool.conclave]\n# kind = 'hook'\n# ///\n"
                                    "import conclave, tiny\n@conclave.hook\ndef on_evidence(evidence): return {'tiny': tiny.version}\n")
    (hook,) = conclave("consult", case(), "--plugins", folder, "--json").json["receipt"]["hooks"]
    assert hook["change"] == "added facts: tiny"


def test_an_expert_that_only_the_case_names_causes_no_installation(conclave, wheels, plugin, case):
    plugin()
    (response,) = conclave("consult", case("experts: [./mine.py]\n"), "--json").json["responses"]
    assert response["status"] == "refused" and left(conclave) == []


def test_what_cannot_be_made_is_one_line_and_exit_code_1(conclave, wheels, plugin):
    line = conclave.fails(1, "plugins", "environment", plugin("bad", ["missing"]))
    assert "what it needs cannot be installed (missing): the package index has no missing" in line
    assert left(conclave) == [".failed", ".lock", ".log"]
    assert conclave("plugins", "environments", "--prune").code == 0
    assert left(conclave) == []


def test_another_python_is_a_problem_of_the_plugin(conclave, wheels, plugin):
    path = plugin(python=">=3.99")
    outcome = conclave("plugins", "check", path, "--json")
    assert outcome.code == 1 and outcome.json["plugins"] == []
    assert "mine.py:3:21: needs Python >=3.99; Conclave runs 3.11." in outcome.json["problems"][0]["message"]
    assert "needs Python >=3.99" in conclave.fails(2, "plugins", "environment", path)


def test_a_plugin_without_requirements_needs_none(conclave, wheels):
    outcome = conclave("plugins", "environment", "error_bursts", "--json")
    assert outcome.code == 0 and outcome.json["environment"]["state"] == "not needed"
    assert "did you mean 'error_bursts'" in conclave.fails(2, "plugins", "environment", "error_burst")
    assert left(conclave) == []


@pytest.mark.parametrize("arguments", [("plugins", "environment", "./mine.py"), ("consult", "case.yaml", "--expert", "./mine.py")])
def test_ctrl_c_ends_it_and_leaves_nothing(conclave, silent_index, plugin, case, arguments):
    plugin()
    case()
    process = conclave.start(*arguments)
    assert silent_index.wait(60)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130 and left(conclave) == [".lock", ".log"]


def test_a_silent_index_is_given_up_soon(conclave, silent_index, plugin):
    assert "no package index answers at 127.0.0.1" in conclave.fails(1, "plugins", "environment", plugin())


def test_a_full_disk_is_said_and_leaves_room_again(conclave, wheels, plugin):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    wheel(wheels, "large", "1.0", large="".join(f"x{i} = {i * 7919 % 104729}\n" for i in range(100_000)))
    (conclave.folder / "data").mkdir()
    script = 'mount -t tmpfs -o size=600k tmpfs data && "$@"; code=$?; ls data/conclave/environments | grep -c new; exit $code'
    command = ["unshare", "-m", "sh", "-c", script, "sh", os.environ["CONCLAVE_BIN"], "plugins", "environment", plugin("needs", ["large"])]
    outcome = subprocess.run(command, cwd=conclave.folder, env=conclave.env, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 1 and "the disk is full" in outcome.stderr, outcome
    assert outcome.stdout == "0\n"


# The tests of a plugin with requirements


@pytest.fixture
def tested(conclave):
    """A folder plugin that needs `requirement`, and a test that imports it."""
    def write(requirement="tiny"):
        conclave("plugins", "new", "mine")
        folder = conclave.folder / "mine"
        manifest = folder / "plugin.toml"
        text = manifest.read_text()
        assert "requirements" not in "".join(line for line in text.splitlines() if not line.startswith("#"))
        manifest.write_text(f'requirements = ["{requirement}"]\n' + text)
        (folder / "test_packages.py").write_text(
            "import sys, tiny, json\n"
            "def test_its_packages_come_before_those_of_the_system_and_after_the_standard_library():\n"
            "    assert tiny.version == '1.0'\n"
            "    places = [path for path in sys.path if path.endswith(('site-packages', 'dist-packages', 'lib-dynload'))]\n"
            "    assert places[0].endswith('lib-dynload') and places[1] == tiny.__file__.rpartition('/')[0]\n"
        )
        return folder
    return write


def test_the_tests_of_a_plugin_import_its_packages(conclave, wheels, tested):
    folder = tested()
    outcome = conclave("plugins", "test", folder)
    assert outcome.code == 0 and "passed" in outcome.out, outcome
    (entry,) = conclave("plugins", "environments", "--json").json["environments"]
    assert entry["state"] == "ready" and entry["packages"] == ["tiny 1.0"]
    assert conclave("plugins", "test", folder).code == 0  # the same again


def test_without_its_packages_the_tests_of_a_plugin_do_not_run(conclave, wheels, tested):
    outcome = conclave("plugins", "test", tested("nowhere_to_be_found"))
    assert outcome.code == 2 and "its tests need its packages, which cannot be had" in outcome.err
    assert "nowhere-to-be-found" in outcome.err.replace("_", "-") and "passed" not in outcome.out


def test_a_folder_with_tests_that_is_no_plugin_needs_no_packages(conclave, wheels):
    folder = conclave.folder / "some_tests"
    folder.mkdir()
    (folder / "test_it.py").write_text("def test_it(): pass\n")
    outcome = conclave("plugins", "test", folder)
    assert outcome.code == 0 and outcome.err == ""


def test_a_manifest_that_is_wrong_is_said_beside_the_tests(conclave, wheels, tested):
    folder = tested()
    (folder / "plugin.toml").write_text("name = 7\n")
    (folder / "test_packages.py").write_text("def test_it(): pass\n")
    (folder / "test_mine.py").unlink()
    outcome = conclave("plugins", "test", folder)
    assert outcome.code == 0 and "plugin.toml" in outcome.err
