"""What an expert is given beside the evidence: its job, the settings of the case, and the secrets it may have."""

from __future__ import annotations

import difflib
import logging
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conclave import _core

# Secrets shorter than this many characters are not looked for in what an expert says.
LEAST_SECRET = 8


class Secrets:
    """The secrets one expert may have, and those it was given. `names`: None for any, as for a caller's own function. Any thread."""

    __slots__ = ("_find", "_given", "_names")

    def __init__(self, names: Iterable[str] | None = (), find: Callable[[str], str | None] = _core.find_secret) -> None:
        self._names = None if names is None else set(names)
        self._find = find
        self._given: dict[str, str] = {}

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Secrets:
        return cls(info.get("secrets"), info.get("find_secret") or _core.find_secret)

    def allow(self, names: Iterable[Any]) -> None:
        if self._names is not None:
            self._names.update(name for name in names if name)

    def find(self, name: str) -> str | None:
        if self._names is not None and name not in self._names:
            raise _core.SecurityError(
                f"this expert may not have the secret {name!r}; its manifest would have to name it: "
                f'[permissions] secrets = ["{name}"]'
            )
        value = self._find(name)
        if value is not None:
            self._given = {**self._given, name: value}
        return value

    def without(self, text: str) -> str:
        """`text` with every value that was handed out replaced."""
        for name, value in self._given.items():
            for form in {value, value.strip(), *value.splitlines()}:
                if len(form) >= LEAST_SECRET:
                    text = text.replace(form, f"[redacted {name}]")
        return text

    def clean(self, response: _core.ExpertResponse) -> _core.ExpertResponse:
        """The response without values that were handed out, wherever they are in it."""
        if not self._given:
            return response
        said = response.to_dict()
        clean = self._clean(said)
        if clean == said:
            return response
        try:
            return _core.ExpertResponse.from_dict(clean)
        except _core.SerializationError:  # in a field that has a few values only, such as the status
            return _core.ExpertResponse(
                response.expert_name,
                scope=response.scope,
                weight=response.weight,
                status="failed",
                error=_core.ResponseError("SecurityError", "the answer held a secret where it cannot be taken out"),
            )

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(key): self._clean(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        return value


class ExpertJob:
    """What an expert sees of its job: `settings`, and ways to report and to learn that it should end. Any thread.

    `allowed_endpoints` is a tuple of str: addresses, as the user wrote them, that the user agreed evidence may be sent to. An
    expert that sends evidence anywhere else breaks its word; comparing scheme, host and port is its own work."""

    __slots__ = ("_job", "_logger", "_secrets", "allowed_endpoints", "settings")

    def __init__(
        self,
        job: _core.Job,
        settings: Mapping[str, Any],
        name: str,
        allowed_endpoints: Iterable[str] = (),
        secrets: Secrets | None = None,
    ) -> None:
        self._job = job
        self._secrets = secrets if secrets is not None else Secrets()
        self._logger = logging.getLogger(f"conclave.expert.{name}")
        self.settings = types.MappingProxyType(dict(settings))
        self.allowed_endpoints = tuple(allowed_endpoints)

    def cancelled(self) -> bool:
        """Whether the expert should end soon. Long loops ask now and then."""
        return self._job.stopped

    def progress(self, done: int, total: int = 0) -> None:
        """Tells how far the expert is: `done` of `total` steps; total 0 if unknown."""
        now = self._job.progress()
        if total != now.total or done < now.done:
            self._job.begin(self._logger.name, total, "steps")
            now = self._job.progress()
        self._job.advance(int(done) - now.done)

    def log(self, text: object) -> None:
        """Writes a line to the logger `conclave.expert.NAME`."""
        self._logger.info("%s", self._secrets.without(str(text)))

    def secret(self, name: str) -> str | None:
        """The environment variable `name`, else the value kept by `conclave keys set NAME`, else None.

        Only what the plugin's manifest names under [permissions] as secrets = ["NAME"], or what a setting with
        names_secret = true holds: SecurityError for other names, and when the key ring cannot be opened, for example for want
        of its passphrase (nobody is asked during a run). Values handed out are taken out of what the expert reports."""
        return self._secrets.find(name)

    def __repr__(self) -> str:
        return f"<ExpertJob {self._logger.name}{' cancelled' if self.cancelled() else ''}>"


_SETTING_TYPES = {"int": int, "float": float, "bool": bool, "str": str}


def _checked(spec: Mapping[str, Any], value: Any) -> Any:
    wanted = _SETTING_TYPES.get(spec.get("type", "str"), str)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise TypeError(f"setting '{spec['name']}' must be {wanted.__name__}, not {type(value).__name__}")
    return value


def settings_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """What the case says over the defaults; TypeError or ValueError for what the plugin does not know. Without
    `setting_specs` (experts without a manifest) everything the case says is passed on."""
    given = dict(info.get("settings") or {})
    specs = info.get("setting_specs")
    if not specs:
        return given
    settings = {spec["name"]: spec.get("default_value") for spec in specs}
    by_name = {spec["name"]: spec for spec in specs}
    for name, value in given.items():
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"there is no setting '{name}'{hint}")
        settings[name] = _checked(by_name[name], value)
    return settings
