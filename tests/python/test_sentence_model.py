"""The shipped embedding: a sentence model of this machine, or an error that says what is missing. The libraries are fakes that note how
they were called: a real one is hundreds of megabytes."""

import importlib.util
import os
import pathlib
import sys
import types

import conclave
import pytest

PLUGIN = pathlib.Path(conclave.case.shipped_plugins()) / "embeddings/sentence_model/sentence_model.py"


@pytest.fixture
def plugin(monkeypatch):
    for name in ("CONCLAVE_SENTENCE_MODEL", "CONCLAVE_SENTENCE_MODEL_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "0")  # put back afterwards
    for name in ("sentence_transformers", "fastembed"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    spec = importlib.util.spec_from_file_location("sentence_model", PLUGIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SentenceTransformer:
    made = []

    def __init__(self, folder):
        self.made.append((folder, os.environ["HF_HUB_OFFLINE"], os.environ["TRANSFORMERS_OFFLINE"]))

    def encode(self, texts):
        return [[float("disk" in text), float("fine" in text), 0.1] for text in texts]


def test_without_a_folder_there_is_an_error_that_says_how_to_name_one(plugin):
    with pytest.raises(LookupError, match="set CONCLAVE_SENTENCE_MODEL"):
        plugin.embed(["x"])


def test_a_folder_that_is_none_is_named(plugin, monkeypatch, tmp_path):
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match="nowhere"):
        plugin.embed(["x"])


@pytest.mark.parametrize("name, package", [("", "sentence_transformers"), ("BAAI/bge-small-en-v1.5", "fastembed")])
def test_a_library_that_is_not_installed_is_named_and_nothing_stands_in_for_it(plugin, monkeypatch, tmp_path, name, package):
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL", str(tmp_path))
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL_NAME", name)
    monkeypatch.delitem(sys.modules, package)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModuleNotFoundError, match=f"needs the Python package {package}, which is not installed"):
        plugin.embed(["x"])


def test_answers_are_grouped_by_the_model_which_is_loaded_once_and_offline(plugin, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentence_transformers", types.SimpleNamespace(SentenceTransformer=SentenceTransformer))
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL", str(tmp_path))
    monkeypatch.setattr(SentenceTransformer, "made", [])
    config = conclave.CircleConfig(similarity_algorithm="semantic", embedding=plugin.embed)
    answers = [{"expert_name": "a", "content": "full disk"}, {"expert_name": "b", "content": "the disk"}, {"expert_name": "c", "content": "fine"}]
    for _ in range(2):
        assert conclave.process_expert_responses(answers, config).groups == [["a", "b"], ["c"]]
    assert SentenceTransformer.made == [(str(tmp_path), "1", "1")]


def test_fastembed_gets_the_folder_and_must_not_download(plugin, monkeypatch, tmp_path):
    asked = []

    def text_embedding(name, **settings):
        asked.append((name, settings))
        return types.SimpleNamespace(embed=lambda texts: ([float(len(text)), 1.0] for text in texts))

    monkeypatch.setitem(sys.modules, "fastembed", types.SimpleNamespace(TextEmbedding=text_embedding))
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL", str(tmp_path))
    monkeypatch.setenv("CONCLAVE_SENTENCE_MODEL_NAME", "tiny")
    assert plugin.embed(["a", "bb"]) == [[1.0, 1.0], [2.0, 1.0]]
    assert asked == [("tiny", {"specific_model_path": str(tmp_path), "local_files_only": True})]


def test_the_plugin_is_found_by_its_name_and_its_failure_is_told(monkeypatch):
    monkeypatch.delenv("CONCLAVE_SENTENCE_MODEL", raising=False)
    config = conclave.CircleConfig(similarity_algorithm="semantic", embedding="sentence_model")
    with pytest.raises(conclave.CircleError, match="embedding 'sentence_model' failed: LookupError: there is no sentence model"):
        conclave.process_expert_responses([{"expert_name": "a", "content": "x"}], config)
