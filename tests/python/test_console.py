"""The console in plain Python: states, values, errors, completion. The threads and signals of the host are tests/scripting's."""

import asyncio
import io
import sys

import pytest

import conclave
from conclave import _terminal
from conclave._app import App
from conclave._console import Console, Outcome
from conclave._looking import static_names


@pytest.fixture
def console():
    return Console({"__name__": "__console__"})


def run(console, source):
    outcome = console.start(source)
    return outcome if isinstance(outcome, Outcome) else asyncio.run(outcome)


@pytest.mark.parametrize(
    "source",
    ["for i in range(2):", "for i in range(2):\n    pass", "def f():\n    return 1", "(1,", "'''text", "x = \\", "@decorated",
     "class A: pass", "match 1:\n    case 1: pass", "if 1:\n    pass\nelse:"],
)
def test_asks_for_more_until_the_statement_is_whole(console, source):
    assert run(console, source).state == "incomplete"


@pytest.mark.parametrize("source", ["", "# only a comment", "x = 1", "if 1:\n    y = 2\n", "if 1:\n    y = 2\nz = 3", "pass;", "\n\n"])
def test_runs_what_is_whole(console, source):
    assert run(console, source).state == "complete"


@pytest.mark.parametrize(
    "source",
    ["a b", "'\0'", "(" * 1000 + ")" * 1000, "return 1", "\udcff", "1/0", "raise GeneratorExit", "async def f():\n    1/0\n\nawait f()",
     "class E(Exception):\n    def __str__(self): raise self\n\nraise E", "def f(): f()\n\nf()"],
)
def test_reports_what_fails(console, source, capsys):
    assert run(console, source).state == "failed"
    assert capsys.readouterr().err


def test_a_traceback_begins_in_the_typed_line_and_shows_it(console, capsys):
    run(console, "def f():\n    raise ValueError('typed')\n")
    run(console, "f()")
    text = capsys.readouterr().err
    assert text.splitlines()[1].startswith('  File "<console 2>", line 1')
    assert "raise ValueError('typed')" in text
    assert "_console.py" not in text


def test_shows_the_last_value_and_keeps_it(console, capsys):
    run(console, "x = 20\nx + 1")
    assert capsys.readouterr().out == "21\n"
    run(console, "None")
    run(console, "_ * 2")
    assert capsys.readouterr().out == "42\n"


def test_a_repr_that_raises_is_an_error_of_the_command(console, capsys):
    run(console, "class R:\n    def __repr__(self): raise ValueError('no repr')\n")
    assert run(console, "R()").state == "failed"
    assert "no repr" in capsys.readouterr().err


def test_awaits_at_top_level_and_keeps_the_value(console, capsys):
    assert run(console, "import asyncio\nv = await asyncio.sleep(0, 7)\nv").state == "complete"
    assert capsys.readouterr().out == "7\n"
    run(console, "_ + 1")
    assert capsys.readouterr().out == "8\n"


@pytest.mark.parametrize(("source", "code"), [("exit()", 0), ("exit(3)", 3), ("raise SystemExit", 0), ("raise SystemExit('bye')", 1)])
def test_exit_is_a_request(console, source, code, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(console, source) == Outcome("exit_requested", code)


def test_keyboard_interrupt_is_an_outcome(console):
    assert run(console, "raise KeyboardInterrupt").state == "interrupted"


def test_future_statements_hold_for_later_commands(console):
    run(console, "from __future__ import annotations")
    assert run(console, "def f(x: no_such_name): pass\n").state == "complete"


class Trap:
    """Notes everything a completion must not do."""

    touched = []
    __slots__ = ("slot", "__dict__")

    def __init__(self):
        self.own = 1

    @property
    def prop(self):
        self.touched.append("property")
        return self

    def __getattr__(self, name):
        Trap.touched.append(name)
        raise AttributeError(name)

    def __dir__(self):
        Trap.touched.append("dir")
        return []

    def __call__(self):
        Trap.touched.append("call")
        return self

    def __getitem__(self, key):
        Trap.touched.append("item")
        return self


class FalseDict:
    @property
    def __dict__(self):
        Trap.touched.append("__dict__")
        return {"invented": 1}


@pytest.fixture
def trapped(console):
    Trap.touched.clear()
    trap = Trap()
    trap.slot = [Trap()]
    console.namespace.update(trap=trap, Trap=Trap, false=FalseDict(), sys=sys)
    yield console
    assert Trap.touched == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trap.", ["trap.own", "trap.prop", "trap.slot", "trap.touched"]),
        ("print(trap.o", ["trap.own"]),
        ("x = trap.slot.app", ["trap.slot.append"]),
        ("Trap.pr", ["Trap.prop"]),
        ("sys.version_i", ["sys.version_info"]),
        ("trap.prop.", []),
        ("trap().", []),
        ("trap[0].", []),
        ("'text'.", []),
        ("(1).", []),
        ("trap..", []),
        ("missing.", []),
        ("false.", []),
        ("", []),
        ("1.", []),
        ("impor", ["import"]),
        ("isinst", ["isinstance"]),
        ("trap.__cal", ["trap.__call__"]),
    ],
)
def test_completes_dotted_names_without_running_anything(trapped, text, expected):
    assert trapped.complete(text) == expected


def test_static_names_survive_odd_objects():
    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError(name)

    class Odd(metaclass=Meta):
        here = 1

    assert "here" in static_names(Odd)
    assert "here" in static_names(object.__new__(Odd))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add(", "add(x, y: int = 2, *rest, flag=True, **more) -> str\nAdds."),
        ("z = [add(1, {2: (3,", "add(x, y: int = 2, *rest, flag=True, **more) -> str\nAdds."),
        ("add(1,\n    2,\n", "add(x, y: int = 2, *rest, flag=True, **more) -> str\nAdds."),
        ("add('print(', ", "add(x, y: int = 2, *rest, flag=True, **more) -> str\nAdds."),
        ("add('print(", "add(x, y: int = 2, *rest, flag=True, **more) -> str\nAdds."),
        ("add(1)", ""),
        ("'add(", ""),
        ("# add(", ""),
        ("def add(", ""),
        ("if (", ""),
        ("missing(", ""),
        ("add()(", ""),
        ("trap[0].own(", ""),
        ("trap.prop(", ""),
        ("trap(", "trap()"),
        ("Made(", "Made(size, *, name='x')\nIs made."),
        ("made.grow(", "grow(by)\nGrows."),
        ("Made.grow(", "grow(self, by)\nGrows."),
        ("Made.of(", "of(text)"),
        ("made.plain(", "plain(a, /, b)"),
        ("len(", "len(obj, /)\nReturn the number of items in a container."),
        ("sys.exit(", "exit(status=None, /)\nExit the interpreter by raising SystemExit(status)."),
        ("odd_default(", "odd_default(x=...)"),
        ("(((((", ""),
        ("\0(", ""),
        ("", ""),
    ],
)
def test_call_tips_run_nothing(trapped, text, expected):
    run(
        trapped,
        """
def add(x, y: int = 2, *rest, flag=True, **more) -> str:
    'Adds.'

class Made:
    "Is made."
    def __init__(self, size, *, name="x"): pass
    def grow(self, by): "Grows."
    @classmethod
    def of(cls, text): pass
    @staticmethod
    def plain(a, /, b): pass

made = Made(1)
class Loud:
    def __repr__(self): trap.touched.append("repr"); return "loud"

def odd_default(x=Loud()): pass
""",
    )
    assert trapped.call_tip(text) == expected


def test_a_call_tip_of_the_package_names_its_arguments(console):
    run(console, "import conclave")
    first, second = console.call_tip("conclave.consult(").splitlines()
    assert first.startswith("consult(case: Case | str | os.PathLike[Any], *, experts: ")
    assert second == "Gathers evidence, asks the experts and returns the Report."
    assert "question: " in console.call_tip("conclave.Case(")
    assert console.call_tip("conclave.logs.level_of(").startswith("level_of(")


def test_a_class_that_lies_about_itself_gets_no_code_run(console):
    class Liar:
        def __getattribute__(self, name):
            raise RuntimeError(name)

    console.namespace["liar"] = Liar()
    assert console.call_tip("liar(") == ""
    assert console.call_tip("liar.method(") == ""
    assert console.complete("liar.a") == []


CASE = "question: Is it well?\nlogs: [app.log]\ngate: {min_answered: 0}\n"


@pytest.fixture
def case_file(tmp_path):
    (tmp_path / "app.log").write_text("2026-03-01T12:00:00Z INFO start\n" * 5)
    file = tmp_path / "case.yaml"
    file.write_text(CASE)
    return file


def test_app_without_a_window_opens_and_consults_by_itself(case_file, tmp_path):
    names = {"case": None, "evidence": None, "report": None}
    app = App(lambda what, argument: False, names)
    with pytest.raises(conclave.ConclaveError, match="no case is open"):
        app.consult()
    app.open(case_file)
    assert app.case.question == "Is it well?"
    app.consult()
    assert app.report.question == "Is it well?"
    file = tmp_path / "report.json"
    file.write_text(app.report.to_json())
    app.open(file)
    assert app.case is None
    assert names["report"].id == app.report.id
    with pytest.raises(OSError):
        app.open(tmp_path / "none.yaml")
    for needs_window in (lambda: app.show("logs"), lambda: app.go_to("app.log", 3), lambda: app.message("hello")):
        with pytest.raises(conclave.ConclaveError, match="needs the window"):
            needs_window()


def test_app_in_a_window_asks_the_window(tmp_path, monkeypatch):
    asked = []
    app = App(lambda what, argument: asked.append((what, argument)) or True, {})
    monkeypatch.chdir(tmp_path)
    app.open("case.yaml")
    app.consult()
    app.show("logs")
    app.go_to("app.log", 3)
    app.message(12)
    assert asked == [
        ("open", f'"{tmp_path}/case.yaml"'),
        ("consult", "null"),
        ("show", '"logs"'),
        ("go_to", '["app.log", 3]'),
        ("message", '"12"'),
    ]
    with pytest.raises(ValueError):
        app.go_to("app.log", -1)
    assert "app.open" in repr(app)


def terminal(console, text, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = _terminal.run_console(console, asyncio.run)
    return code, capsys.readouterr()


def test_piped_lines_run_one_by_one(console, monkeypatch, capsys):
    text = "print(1)\nfor i in range(2):\n    print('i', i)\n\n1/0\nimport asyncio\nawait asyncio.sleep(0, 5)\n"
    code, printed = terminal(console, text, monkeypatch, capsys)
    assert code == 0
    assert printed.out == "1\ni 0\ni 1\n5\n"
    assert "ZeroDivisionError" in printed.err


def test_the_end_of_input_ends_a_block(console, monkeypatch, capsys):
    assert terminal(console, "if 1:\n    print('ran')", monkeypatch, capsys)[1].out == "ran\n"


def test_input_that_ends_inside_a_statement_is_an_error(console, monkeypatch, capsys):
    code, printed = terminal(console, "print(1)\nx = (", monkeypatch, capsys)
    assert code == 1
    assert "middle of a statement" in printed.err


def test_exit_ends_the_terminal_console_with_its_code(console, monkeypatch, capsys):
    assert terminal(console, "raise SystemExit(4)\nprint('not reached')\n", monkeypatch, capsys)[0] == 4


@pytest.fixture
def script(tmp_path, monkeypatch):
    for name in ("argv", "path"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    main = sys.modules["__main__"]

    def run_text(text, *arguments):
        file = tmp_path / "script.py"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return _terminal.run_script(str(file), list(arguments))

    yield run_text
    sys.modules["__main__"] = main


def test_a_script_is_main_and_gets_its_arguments(script, capsys):
    assert script("import sys\nprint(__name__, sys.argv[1:])\nif __name__ == '__main__': sys.exit(6)", "a", "b c") == 6
    assert capsys.readouterr().out == "__main__ ['a', 'b c']\n"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("1/0", 1, "ZeroDivisionError"),
        ("x = (", 1, "SyntaxError"),
        (b"\xff", 1, "SyntaxError"),
        (b"\0", 1, "null bytes"),
        ("raise SystemExit('said')", 1, "said"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
        ("", 0, ""),
        ("import threading\nthreading.Thread(target=lambda: print('joined')).start()", 0, ""),
    ],
)
def test_exit_codes_of_scripts(script, capsys, text, code, message):
    assert script(text) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert "_terminal.py" not in printed.err


def test_a_script_that_cannot_be_read_is_a_usage_error(tmp_path, capsys):
    assert _terminal.run_script(str(tmp_path / "none.py"), []) == 2
    assert "No such file" in capsys.readouterr().err
    assert _terminal.run_script(str(tmp_path), []) == 2
