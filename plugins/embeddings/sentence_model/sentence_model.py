"""Vectors of texts by a sentence-embedding model in a folder of this machine. Nothing is downloaded and nothing stands in for it.

CONCLAVE_SENTENCE_MODEL names the folder: as SentenceTransformer.save() writes it, or as fastembed unpacks a model, whose name there
(such as "BAAI/bge-small-en-v1.5") is then CONCLAVE_SENTENCE_MODEL_NAME.
"""

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any

import conclave

FOLDER = "CONCLAVE_SENTENCE_MODEL"
NAME = "CONCLAVE_SENTENCE_MODEL_NAME"


@conclave.embedding
def embed(texts: list[str]) -> Any:
    return _model(_folder(), os.environ.get(NAME, ""))(texts)


def _folder() -> str:
    folder = os.environ.get(FOLDER, "")
    if not folder:
        raise LookupError(f"there is no sentence model: set {FOLDER} to the folder of one")
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"there is no sentence model: {FOLDER} is {folder!r}, which is no folder")
    return folder


@functools.lru_cache(maxsize=1)
def _model(folder: str, name: str) -> Callable[[list[str]], Any]:
    """From n texts to n vectors."""
    # Both libraries look for newer files in the network unless they are told not to before they are imported.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    if not name:
        encode: Callable[[list[str]], Any] = _import("sentence_transformers", folder).SentenceTransformer(folder).encode
        return encode
    model = _import("fastembed", folder).TextEmbedding(name, specific_model_path=folder, local_files_only=True)
    return lambda texts: list(model.embed(texts))


def _import(module: str, folder: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ModuleNotFoundError(f"the model in {folder!r} needs the Python package {module}, which is not installed") from error
