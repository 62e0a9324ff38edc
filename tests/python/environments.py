"""Virtual environments with packages from the index, made once under the user's cache folder."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path


def folder_of(name):
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conclave-tests"
    return cache / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"


def environment(name, packages):
    """(its python, "") with the packages installed, or (None, why not)."""
    folder, wanted = folder_of(name), "\n".join(packages)
    done = folder / "installed.txt"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several test runs may want it at once
            if not done.exists() or done.read_text() != wanted:
                make = [sys.executable, "-m", "venv", "--clear", str(folder)]
                subprocess.run(make, check=True, capture_output=True, timeout=120)
                install = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *packages]
                subprocess.run(install, check=True, capture_output=True, text=True, timeout=600)
                done.write_text(wanted)
    except subprocess.SubprocessError as error:
        return None, f"cannot install {' and '.join(packages)}: {(getattr(error, 'stderr', None) or str(error))[-300:]}"
    except OSError as error:
        return None, f"cannot make a virtual environment: {error}"
    return folder / "bin/python", ""


def site_packages(name, packages):
    """(the folder of its packages, "") or (None, why not)."""
    python, why_not = environment(name, packages)
    if python is None:
        return None, why_not
    return python.parents[1] / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages", ""
