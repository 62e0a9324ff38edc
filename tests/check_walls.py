"""Reads every #include and fails when a wall of the architecture is crossed.

    check_walls.py SOURCE_DIR

app -> scripting -> engine; in the engine a room includes itself and base, and only case knows all; no Qt or Python in the engine;
no Python type in app; yaml-cpp in config/tree.cpp only. Own header first, rooted paths.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
PYTHON = re.compile(r"^(Python\.h|pybind11/)")
QT = re.compile(r"^(Q[A-Z]|Qt)")


def complaints_about(path, text):
    """Yield what is wrong with the includes of one file; `path` is relative to the source folder."""
    parts = path.parts
    top = parts[0]
    room = parts[1] if top == "engine" and len(parts) > 2 else None
    includes = INCLUDE.findall(text)
    for bracket, name in includes:
        target = name.split("/")
        if bracket == '"' and target[0] not in ("engine", "scripting", "app", "tests") and not name.endswith(".moc"):
            yield f'"{name}" is not rooted'
        if top == "engine":
            if QT.match(name) or PYTHON.match(name) or target[0] in ("app", "scripting"):
                yield f"the engine includes {name}"
            elif target[0] == "engine" and room != "case" and target[1] not in (room, "base"):
                yield f"room {room} includes {name}"
            if name.startswith("yaml-cpp") and path.as_posix() != "engine/config/tree.cpp":
                yield f"{name} outside config/tree.cpp"
        if top == "app" and PYTHON.match(name):
            yield f"the app includes {name}"
        if top == "app" and parts[1] == "cli" and QT.match(name):
            yield f"the command line includes {name}"
        if top == "scripting" and (target[0] == "app" or QT.match(name)):
            yield f"scripting includes {name}"
        if top == "scripting" and PYTHON.match(name) and path.as_posix() in PYTHON_FREE:
            yield f"a header for the app includes {name}"
    own = path.with_suffix(".h").as_posix()
    names = [name for _, name in includes]
    if path.suffix == ".cpp" and own in names and names[0] != own:
        yield f"{own} is not included first"


PYTHON_FREE = ("scripting/script_host.h", "scripting/plugin_catalog.h")


def test_of_this_check():
    """The check must see what it is for."""
    path = pathlib.PurePosixPath("engine/logs/a.cpp")
    assert list(complaints_about(path, "#include <QString>\n"))
    assert list(complaints_about(path, '#include "engine/scan/scanner.h"\n'))
    assert list(complaints_about(path, '#include "level.h"\n'))
    assert not list(complaints_about(path, '#include "engine/base/error.h"\n#include <vector>\n'))
    assert list(complaints_about(pathlib.PurePosixPath("app/a.h"), "#include <Python.h>\n"))


def main():
    test_of_this_check()
    source = pathlib.Path(sys.argv[1])
    found = 0
    files = [p for top in ("engine", "scripting", "app") for p in sorted((source / top).rglob("*")) if p.suffix in (".h", ".cpp")]
    for file in files:
        path = file.relative_to(source)
        for complaint in complaints_about(path, file.read_text()):
            print(f"{path}: {complaint}")
            found += 1
    print(f"{len(files)} files, {found} walls crossed")
    return 1 if found or len(files) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
