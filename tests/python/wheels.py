"""Packages made here, so that what pip does is tested without a package index."""

import base64
import hashlib
import io
import tarfile
import zipfile


def wheel(folder, name, version, requires=(), tag="py3-none-any", **modules):
    """Writes a wheel with one file for each of `modules`, by default one that knows its version; its sha256."""
    info = f"{name}-{version}.dist-info"
    files = {f"{module}.py": text for module, text in (modules or {name: f"version = {version!r}\n"}).items()}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {one}\n" for one in requires
    )
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    return _write(folder, name, version, tag, info, files)


def wheel_of_files(folder, name, version, files):
    """The same with any files, for example a .pth."""
    info = f"{name}-{version}.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return _write(folder, name, version, "py3-none-any", info, files)


def _write(folder, name, version, tag, info, files):
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def source(folder, name, version):
    """Writes a source package whose setup.py must never run."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        text = b"import os; os._exit(66)\n"
        entry = tarfile.TarInfo(f"{name}-{version}/setup.py")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
