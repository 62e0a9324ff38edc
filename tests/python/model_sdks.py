"""The providers' packages in a virtual environment of their own, made once under the user's cache folder."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

PACKAGES = ["openai", "anthropic"]


def site_packages():
    """(folder, "") with both packages installed, or (None, why not)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conclave-tests"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / "model-sdks" / "lib" / version / "site-packages"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / "model-sdks.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several test runs may want it at once
            if not all((folder / package / "__init__.py").exists() for package in PACKAGES):
                subprocess.run(
                    [sys.executable, "-m", "venv", str(cache / "model-sdks")], check=True, capture_output=True, timeout=120
                )
                subprocess.run(
                    [str(cache / "model-sdks/bin/pip"), "install", "--quiet", *PACKAGES],
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=600,
                )
    except subprocess.SubprocessError as error:
        return None, f"cannot install {' and '.join(PACKAGES)}: {(getattr(error, 'stderr', None) or str(error))[-300:]}"
    except OSError as error:
        return None, f"cannot make a virtual environment: {error}"
    return folder, ""
