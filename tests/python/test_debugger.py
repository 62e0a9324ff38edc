"""What --debug-listen says where there is no debugpy. tests/app/cli/test_debugger.py attaches one."""

import sys

from conclave import _terminal


def test_without_debugpy_it_says_what_to_install_and_the_script_does_not_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "debugpy", None)
    script = tmp_path / "script.py"
    script.write_text("print('ran')\n")
    assert _terminal.run_script(str(script), [], debug_port=0) == 2
    said = capsys.readouterr()
    assert said.out == "" and "apt install python3-debugpy" in said.err
