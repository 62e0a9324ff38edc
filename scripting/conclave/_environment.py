"""Makes and fills the virtual environment of a plugin. Run by the program (scripting/environment_making.h), in a process of its own:

    python -I -S -B _environment.py FOLDER FINAL CONSTRAINTS PARENT

FOLDER, which the program made and renames to FINAL when this succeeds, holds `requirements.txt`, to be resolved first, or
`requirements.lock` with all packages and their hashes. PARENT is the process that waits. Standard output says, as JSON a line each,

    {"phase": "Installing numpy", "done": 1, "total": 3}    and at the end    {"packages": [...], "folders": [...]} or {"error": "..."}

and standard error is the log. No code of a package runs here: pip installs wheels only, which needs none, and neither this process nor
pip's has packages on its path (-S), since a .pth file of one would run when Python starts. pip is the one that Python brings along.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterable
from typing import Any

TIMEOUT_S = 10
RETRIES = 1
_SET_PARENT_DEATH_SIGNAL = 1
_HASHES = ("sha256", "sha384", "sha512")

# pip with the environment as its prefix: site would do the same, and run what packages say.
_PIP = """
import ctypes, os, runpy, signal, sys
ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))
parent, prefix, final, wheel = sys.argv[1:5]
if os.getppid() != int(parent): os._exit(1)
sys.prefix = sys.exec_prefix = prefix
sys.executable = os.path.join(final, "bin", "python")
sys.path.insert(0, wheel)
sys.argv = ["pip", *sys.argv[5:]]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


class Failure(Exception):
    """A sentence for the user."""


class _Builder(venv.EnvBuilder):
    def setup_scripts(self, context: Any) -> None:
        """None: nobody activates it, and they would hold the name of a folder that is renamed."""


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class _Pip:
    def __init__(self, folder: str, final: str) -> None:
        self._folder = folder
        self._final = final
        self._wheel = _pip_wheel()

    def install(self, *arguments: str, on_line: Callable[[str], None]) -> None:
        options = ["install", "-vv", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
        options += ["--root-user-action", "ignore", "--only-binary", ":all:"]
        options += ["--timeout", str(TIMEOUT_S), "--retries", str(RETRIES), *arguments]
        command = [sys.executable, "-I", "-S", "-B", "-c", _PIP, str(os.getpid()), self._folder, self._final, self._wheel, *options]
        sys.stderr.write(f"\n$ pip {' '.join(options)}\n")
        lines: list[str] = []
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            for data in process.stdout:
                line = data.decode("utf-8", "replace")
                sys.stderr.write(line)
                lines.append(line.rstrip("\n"))
                on_line(line)
        if process.returncode != 0:
            raise Failure(explain(lines))


def _pip_wheel() -> str:
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR") or "", os.path.join(os.path.dirname(venv.__file__), "..", "ensurepip", "_bundled")]
    for folder in filter(None, folders):
        wheels = sorted(glob.glob(os.path.join(glob.escape(folder), "pip-*.whl")))
        if wheels:
            return os.path.abspath(wheels[-1])
    raise Failure("this Python has no pip for virtual environments; on Debian: apt install python3-venv")


def explain(lines: list[str]) -> str:
    """Why pip failed, for a user, and then what it said itself."""
    errors = [line for line in lines if line.startswith("ERROR: ")]
    said = "; pip said: " + " | ".join(line[7:].strip() for line in errors[-3:]) if errors else ""
    return _cause("\n".join(lines)) + said


def _cause(text: str) -> str:
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return "the disk is full"
    if "DO NOT MATCH THE HASHES" in text:
        found = re.findall(r"^ {4}(\S+) from .*\n\s+Expected sha256 (\w+)(?:\n\s+Expected or \w+)*\n\s+Got\s+(\w+)", text, re.MULTILINE)
        wrong = ", ".join(f"{name} has the hash {got[:12]}... and not {wanted[:12]}..." for name, wanted, got in dict.fromkeys(found))
        return "a package is not the one that was locked" + (f": {wrong}" if wrong else "")
    wanted = re.search(r"satisfies the requirement (.+?) \(from versions: (.*)\)", text)
    silent = re.findall(r"Could not fetch URL .*?: connection error: \w+\(host='([^']*)', port=(\w+)\)", text)
    silent += re.findall(r"^\w*(?:ConnectionPool)\(host='([^']*)', port=(\w+)\): Read timed out", text, re.MULTILINE)
    if silent:
        return f"no package index answers at {silent[0][0]}:{silent[0][1]}"
    if "ResolutionImpossible" in text and "conflicting dependencies" in text:
        conflicts = text.partition("The conflict is caused by:\n")[2].partition("\n\n")[0].splitlines()
        return "its requirements contradict each other: " + "; ".join(line.strip() for line in conflicts[:4])
    if wanted is None:
        return "pip failed"
    name, versions = wanted[1].split(" (from")[0], wanted[2]
    if versions != "none":
        return f"there is no {name} for this Python; there are {versions[-200:]}"
    sources = re.findall(r"No sources permitted for \S+: (?:\S*/)?([^/\s#]+)", text)
    if any(_compared(source).startswith(_compared(re.split(r"[<>=!~\[ ]", name)[0]) + "-") for source in sources):
        return f"there is no wheel of {name}; Conclave installs wheels only, since a source package runs its code while it is installed"
    if "none of the wheel's tags" in text or "requires a different Python" in text:
        return f"there is no wheel of {name} for this Python and this machine"
    return f"the package index has no {name}"


def _compared(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _package(line: str) -> str | None:
    """Of a line in which pip begins with one."""
    found = re.match(r"\s*(?:Collecting|Processing) (\S+)", line)
    if found is None:
        return None
    name = os.path.basename(found[1])
    return re.split(r"-\d", name)[0] if name.endswith(".whl") else re.split(r"[<>=!~;@\[( ]", name)[0]


def resolve(pip: _Pip, folder: str, constraints: str) -> list[str]:
    """What is to be installed, as lines of a lock file."""
    say(phase="Looking for packages", done=0, total=0)

    def on_line(line: str) -> None:
        if name := _package(line):
            say(phase=f"Looking for {name}", done=0, total=0)

    report = os.path.join(folder, "report.json")
    wanted = os.path.join(folder, "requirements.txt")
    pip.install("--dry-run", "--report", report, "-c", constraints, "-r", wanted, on_line=on_line)
    with open(report, encoding="utf-8") as file:
        packages = json.load(file)["install"]
    os.remove(report)
    return sorted(_locked(package) for package in packages)


def _locked(package: dict[str, Any]) -> str:
    metadata, archive = package["metadata"], package["download_info"].get("archive_info") or {}
    hashes = dict(archive.get("hashes") or {})
    if "=" in archive.get("hash", ""):
        kind, _, digest = archive["hash"].partition("=")
        hashes[kind] = digest
    for kind in _HASHES:
        if kind in hashes:
            return f"{metadata['name']}=={metadata['version']} --hash={kind}:{hashes[kind]}"
    raise Failure(f"the package index gives no SHA-256 of {metadata['name']}, so nobody could say whether it is the right one")


def install(pip: _Pip, lock: str) -> None:
    with open(lock, encoding="utf-8") as file:
        total = sum(1 for line in file if line.strip())
    begun: list[str] = []

    def on_line(line: str) -> None:
        name = _package(line)
        if name is not None:
            begun.append(name)
            say(phase=f"Installing {name}", done=min(len(begun), total) - 1, total=total)
        elif line.startswith("Installing collected packages"):
            say(phase=f"Installing {total} packages" if total != 1 else f"Installing {begun[-1]}", done=total - 1, total=total)

    if total > 0:  # all may be for other machines
        pip.install("--require-hashes", "--no-deps", "-r", lock, on_line=on_line)


def make(folder: str, final: str, constraints: str) -> dict[str, list[str]]:
    say(phase="Making an environment", done=0, total=0)
    _Builder(symlinks=True, with_pip=False).create(folder)
    pip = _Pip(folder, final)
    lock = os.path.join(folder, "requirements.lock")
    if not os.path.exists(lock):
        lines = resolve(pip, folder, constraints)
        with open(lock, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    install(pip, lock)
    site_packages = sysconfig.get_path("purelib", "venv", {"base": folder})
    folders = sorted(glob.glob(os.path.join(glob.escape(site_packages), "*.dist-info")))
    names = [os.path.basename(path).removesuffix(".dist-info") for path in folders]
    return {
        "packages": [name.replace("-", " ") for name in names],
        "folders": [os.path.relpath(path, folder) for path in folders],
    }


def main(arguments: Iterable[str]) -> int:
    folder, final, constraints, parent = arguments
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
    if os.getppid() != int(parent):
        return 1  # it died before
    try:
        made = make(folder, final, constraints)
    except Failure as failure:
        say(error=str(failure))
        return 1
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        say(error="the disk is full" if full else f"{error.strerror}: {error.filename or folder}" if error.strerror else str(error))
        return 1
    finally:
        shutil.rmtree(os.path.join(folder, "tmp"), ignore_errors=True)  # TMPDIR of pip
    say(**made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
