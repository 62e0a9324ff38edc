"""conclave.config: kinds, several files, what was not understood, the JSON of parse_yaml."""

import copy
import json
import pickle

import pytest

import conclave

COMPOSE = "services:\n  web: {image: web:1, mem_limit: 256m, command: [serve], ports: ['127.0.0.1:80:80'], healthcheck: {test: x}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec: {containers: [{name: c, image: 'c:1'}]}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: p}}\n"


def rules_of(file):
    return [problem.rule for problem in file.problems if problem.severity != "note"]


def test_the_kind_and_what_was_not_understood_are_told():
    file = conclave.config.read(COMPOSE)
    assert file.kind == "compose" and rules_of(file) == []
    assert [(path, line) for path, _, _, line, _ in file.not_understood] == [("services.web.command", 2)]
    assert conclave.config.read("[Service]\nExecStart=x\n").kind == "systemd"
    assert conclave.config.read(POD).kind == "kubernetes"
    assert conclave.config.read("services: {}\n").kind == "native"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda file: pickle.loads(pickle.dumps(file))])
def test_a_copy_is_the_same_with_its_ignores(copied):
    file = conclave.config.read(COMPOSE + "# conclave: ignore-file owner\n")
    again = copied(file)
    assert again == file and again.kind == file.kind and again.not_understood == file.not_understood
    found = [{"message": "no owner"}]
    assert conclave._core.with_rule_problems(again, "owner", found)[0].problems == file.problems


def test_a_model_that_a_hook_changed_is_checked_again():
    file = conclave.config.read(COMPOSE)
    model = file.model
    assert file.with_model(model) == file
    model["services"].append({**model["services"][0], "name": "other"})
    assert rules_of(file.with_model(model)) == ["duplicate-port"]
    model["services"][1]["bindings"] = [{"port": 80, "address": "127.0.0.2", "protocol": "tcp"}]
    assert rules_of(file.with_model(model)) == []


def test_files_read_together_refer_to_one_another(tmp_path):
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "service.yaml").write_text(SERVICE)
    pod, service = conclave.config.read_together(tmp_path / name for name in ("pod.yaml", "service.yaml"))
    assert rules_of(service) == [] and rules_of(conclave.config.read(tmp_path / "service.yaml")) == ["selects-nothing"]
    with pytest.raises(FileNotFoundError):
        conclave.config.read_together([tmp_path / "pod.yaml", tmp_path / "missing.yaml"])


def test_parse_yaml_keeps_every_scalar_of_the_settings():
    text = "services: {}\nglobal_settings: {a: 1, b: 1.5, c: true, d: null, e: 0x10, f: 0o17, g: yes, h: '1', i: .inf, j: [.nan, -1]}\n"
    parser = conclave.ConfigParser()
    settings = json.loads(parser.parse_yaml(text))["global_settings"]
    assert settings == {"a": 1, "b": 1.5, "c": True, "d": None, "e": 16, "f": 15, "g": "yes", "h": "1", "i": None, "j": [None, -1]}
    assert [problem.rule for problem in parser.validate_config(text)] == ["not-in-json", "not-in-json"]


def test_parse_yaml_of_a_compose_file_can_be_validated():
    parser = conclave.ConfigParser()
    assert json.loads(parser.parse_yaml(COMPOSE))["services"][0]["image"] == "web:1"
    assert [problem.rule for problem in parser.validate_config(parser.parse_yaml(COMPOSE))] == []


def test_a_parser_reads_the_same_bytes_once_and_remembers_few(monkeypatch):
    read, calls = conclave.config._core.read_config, []
    monkeypatch.setattr(conclave.config._core, "read_config", lambda text: calls.append(text) or read(text))
    parser = conclave.ConfigParser()
    texts = [f"services: {{}}\nname: n{number}\n" for number in range(20)]
    for text in [texts[0], texts[0].encode(), texts[0]]:
        parser.parse_yaml(text)
        parser.validate_config(text)
    assert len(calls) == 1
    for text in texts:
        parser.parse_yaml(text)
    assert len(calls) == 20
    parser.parse_yaml(texts[0])  # forgotten by now
    parser.parse_yaml(texts[19])
    assert len(calls) == 21
    large = "services: {}\nnote: " + "x" * (1 << 20) + "\n"
    parser.parse_yaml(large)
    parser.parse_yaml(large)
    assert len(calls) == 23
