"""Asks a language model, through its official package, what it makes of the evidence. Off until you configure and allow it.

    /usr/bin/python3 -m venv ~/.local/share/conclave/models
    ~/.local/share/conclave/models/bin/pip install openai                       # or anthropic
    conclave keys set OPENAI_API_KEY                                            # or ANTHROPIC_API_KEY, or export it
    conclave consult CASE.yaml --allow-endpoint https://api.openai.com
with, in the case:  experts: [{name: language_model, settings: {provider: openai, model: NAME}}]
In the window the page Experts asks for your agreement; in Python: conclave.consult(case, allow_endpoints=["https://..."]).

Nothing is sent to an endpoint (scheme, host and port) the user has not allowed, not even after a redirect. What is sent is
condensed (dossier.py) and redacted by visible rules (conclave.security); the exact text stays in the report, under metadata
"sent". Keys come from the environment or from the user's key ring, never from the case. The model's claims are looked up by the engine like those of any other expert.
"""

import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import conclave
from conclave.security import redact

from . import dossier

HOME = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
PORTS = {"http": 80, "https": 443}
LOOKS_LIKE_KEY = re.compile(
    r"\b(sk|pk|rk|gsk|xai|key)[-_][A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]{20,}|^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_-]{32,}$"
)
TRY_AGAIN = {429, 503, 529}


def endpoint_of(url: str) -> str:
    """scheme://host:port, the unit of consent; ValueError if the address is not one."""
    parts = urlsplit(url.strip())
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"base_url must be http://HOST... or https://HOST..., not {url!r}")
    if parts.username or parts.password:
        raise ValueError("base_url holds a user name or password; keys belong into the key ring (conclave keys set NAME)")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORTS[parts.scheme]}"


def is_allowed(endpoint: str, allowed: Iterable[str]) -> bool:
    for address in allowed:
        try:
            if endpoint_of(address) == endpoint:
                return True
        except ValueError:
            continue  # what is no address allows nothing
    return False


def load_package(provider: str) -> ModuleType | None:
    """The official package, from where Python finds it or from the virtual environment named above; None if it is nowhere. The
    user's environment may name another site-packages folder, a case may not: it would name code that runs."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in [None, os.environ.get("CONCLAVE_MODEL_PACKAGES"), data / "conclave/models/lib" / version / "site-packages"]:
        if place and str(place) not in sys.path and Path(place).is_dir():
            sys.path.insert(0, str(place))  # before older packages of the system that it would not work with
        try:
            return importlib.import_module(provider)
        except ModuleNotFoundError as error:
            if error.name != provider:
                raise  # it is there, but broken
            importlib.invalidate_caches()
    return None


def requests_of(
    package: Any, provider: str, base_url: str, key: str, settings: Mapping[str, Any], text: str
) -> tuple[Any, Callable[[float], Any], Callable[[Any], str]]:
    """Two functions: start the request with a time-out, and text of a piece (or of the whole answer)."""
    # follow_redirects=False: a redirect would carry evidence and key to an endpoint nobody allowed.
    http = package.DefaultHttpxClient(follow_redirects=False)
    user = [{"role": "user", "content": text}]
    common = {"model": settings["model"], "stream": settings["stream"]}
    if provider == "openai":
        client = package.OpenAI(api_key=key, base_url=base_url, max_retries=0, http_client=http)
        limit = "max_completion_tokens" if urlsplit(base_url).hostname == "api.openai.com" else "max_tokens"
        messages = [{"role": "system", "content": dossier.INSTRUCTIONS}, *user]

        def text_of(piece: Any) -> str:
            return "".join((getattr(choice, "delta", None) or choice.message).content or "" for choice in piece.choices)

        call = client.chat.completions.create
        common |= {"messages": messages, limit: settings["answer_tokens"]}
    else:
        client = package.Anthropic(api_key=key, base_url=base_url, max_retries=0, http_client=http)

        def text_of(piece: Any) -> str:
            if hasattr(piece, "content"):  # a whole message
                return "".join(getattr(block, "text", None) or "" for block in piece.content)
            return getattr(getattr(piece, "delta", None), "text", None) or ""

        call = client.messages.create
        common |= {"system": dossier.INSTRUCTIONS, "messages": user, "max_tokens": settings["answer_tokens"]}
    return client, lambda seconds: call(timeout=seconds, **common), text_of


def ask(
    client: Any,
    start: Callable[[float], Any],
    text_of: Callable[[Any], str],
    package: Any,
    job: conclave.ExpertJob,
    deadline: float,
) -> str:
    """The whole answer. Waits out rate limits as long as the deadline allows."""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the endpoint did not answer within timeout_s")
        try:
            answer = start(left)
            if not job.settings["stream"]:
                return text_of(answer)
            pieces = []
            with answer:
                for piece in answer:
                    if job.cancelled():
                        raise InterruptedError("stopped while the model was answering")
                    if time.monotonic() > deadline:
                        raise TimeoutError("the model was still answering after timeout_s")
                    pieces.append(text_of(piece))
            return "".join(pieces)
        except package.APITimeoutError as error:
            raise TimeoutError("the endpoint did not answer within timeout_s") from error
        except package.APIConnectionError as error:
            raise ConnectionError(f"cannot reach the endpoint: {error.__cause__ or error}") from error
        except package.APIStatusError as error:
            if error.status_code not in TRY_AGAIN:
                raise RuntimeError(f"the endpoint answered {error.status_code}: {str(error)[:300]}") from error
            try:
                wait = max(float(error.response.headers.get("retry-after", "2")), 0.1)
            except ValueError:
                wait = 2.0  # a date; nobody sends one here
            if time.monotonic() + wait >= deadline:
                raise TimeoutError(
                    f"the endpoint answered {error.status_code} and wants {wait:g} s of patience, more than timeout_s leaves"
                ) from error
            job.log(f"the endpoint answered {error.status_code}, trying again in {wait:g} s")
            end = time.monotonic() + wait
            while time.monotonic() < end:
                if job.cancelled():
                    raise InterruptedError("stopped while waiting for a rate limit") from None
                time.sleep(min(0.05, wait))


def understand(text: str, verdicts: Iterable[str], names: Mapping[str, str]) -> dict[str, Any]:
    """The answer as an ExpertResponse's fields; ValueError if it is not what was asked for."""
    decoder, found = json.JSONDecoder(), None
    for brace in re.finditer(r"\{", text):  # models like to say something before, or to wrap it in ```json
        try:
            candidate, _ = decoder.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(candidate, dict) and "verdict" in candidate:
            found = candidate
            break
    if found is None:
        raise ValueError(f"the model did not answer with the JSON object asked for: {text[:200]!r}")
    verdict = found["verdict"].strip() if isinstance(found["verdict"], str) else found["verdict"]
    if verdict not in verdicts:
        raise ValueError(f"the model's verdict {verdict!r} is none of {', '.join(verdicts)}")

    def share(value: Any, otherwise: float) -> float:
        return min(max(float(value), 0.0), 1.0) if isinstance(value, (int, float)) and value == value else otherwise

    claims = []
    said = found.get("claims")
    for claim in said if isinstance(said, list) else []:
        if not isinstance(claim, dict) or not isinstance(claim.get("text"), str):
            continue
        cited = [citation_of(item, names) for item in claim.get("evidence") or [] if isinstance(item, dict)]
        stance = str(claim.get("stance"))
        stance = stance if stance in ("supports", "contradicts", "neutral") else "supports"
        claims.append(
            conclave.Claim(claim["text"][:1000], stance=stance, severity=share(claim.get("severity"), 0.5), evidence=cited)
        )
    return {
        "verdict": verdict,
        "confidence": share(found.get("confidence"), 0.5),
        "content": str(found.get("content") or "")[:4000],
        "claims": claims[:20],
    }


def citation_of(item: Mapping[str, Any], names: Mapping[str, str]) -> conclave.Citation:
    source, line = str(item.get("source") or ""), item.get("line")
    line = int(line) if isinstance(line, (int, float)) and 0 < line < 2**53 else 0
    source = names.get(source, source)
    match item.get("kind"):
        case "service":
            return conclave.Citation.service(str(item.get("id") or item.get("source") or ""))
        case "template":
            return conclave.Citation.template(source, str(item.get("id") or ""))
        case "config":
            return conclave.Citation.config(source, line)
    return conclave.Citation.log(source, line)


@conclave.expert(scope="review")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    settings = job.settings
    for name, value in settings.items():
        if isinstance(value, str) and LOOKS_LIKE_KEY.search(value):
            raise ValueError(
                f"the setting {name} looks like a key. Take it out of the case file, change it (it has been in a file), "
                "and keep it with: conclave keys set NAME"
            )
    provider = settings["provider"]
    if not provider or not settings["model"]:
        return conclave.Abstain(
            "no language model configured. In the case:\n"
            "  experts: [{name: language_model, settings: {provider: openai, model: NAME}}]   # or anthropic\n"
            "and start with --allow-endpoint URL (the window asks on its page Experts), the key kept by "
            "conclave keys set OPENAI_API_KEY (or ANTHROPIC_API_KEY), or in an environment variable of that name"
        )
    if provider not in HOME:
        raise ValueError(f"provider must be openai or anthropic, not {provider!r}")
    base_url = settings["base_url"] or HOME[provider]
    endpoint = endpoint_of(base_url)
    if not is_allowed(endpoint, job.allowed_endpoints):
        return conclave.Abstain(
            f"nothing was sent: you have not agreed to {endpoint} yet. Start with --allow-endpoint {endpoint}, "
            "or agree on the page Experts of the window"
        )
    variable = settings["api_key_env"] or f"{provider.upper()}_API_KEY"
    if not variable.isidentifier():
        raise ValueError("api_key_env must be the name of an environment variable or of a key in the key ring")
    try:
        key = (job.secret(variable) or "").strip()
    except OSError as error:  # SecurityError is one
        return conclave.Abstain(f"no key: {error}")
    if not key:
        return conclave.Abstain(
            f"no key: conclave keys set {variable} keeps one, or set the environment variable {variable} "
            "(to any text if the endpoint wants none)"
        )
    package = load_package(provider)
    if package is None:
        return conclave.Abstain(
            f"the package {provider} is not installed:\n  /usr/bin/python3 -m venv ~/.local/share/conclave/models && "
            f"~/.local/share/conclave/models/bin/pip install {provider}"
        )
    text, counts = redact(dossier.condense(evidence, max(settings["max_tokens"], 200)))
    sent = dossier.message(evidence.case, redact(evidence.case.question)[0], text)
    metadata = {
        "endpoint": endpoint,
        "model": settings["model"],
        "redacted": dict(counts),
        "sent": f"{dossier.INSTRUCTIONS}\n\n{sent}",
    }
    deadline = time.monotonic() + settings["timeout_s"]
    client, start, text_of = requests_of(package, provider, base_url, key, settings, sent)
    with client:
        answer = ask(client, start, text_of, package, job, deadline)
    return conclave.ExpertResponse(**understand(answer, evidence.case.verdicts, dossier.aliases(evidence)), metadata=metadata)
