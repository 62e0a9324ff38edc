"""What a probe of the engine learned of a service, as values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Certificate", "Http", "Service", "Tls"]


@dataclass(frozen=True, slots=True)
class Service:
    """What speaks there; "" is not known. name: the protocol ("ssh", "http", ...), "" if nobody recognised it. product and version:
    as it names itself. detail: what else it says of itself, or why it was not recognised. banner: its first words. All are what the
    server claims, without control characters."""

    name: str
    product: str = ""
    version: str = ""
    detail: str = ""
    banner: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """subject and issuer: as RFC 2253 writes names. sha256: of its DER form, in hexadecimal."""

    subject: str
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Tls:
    """A handshake, also one that no browser would accept. version: such as "TLSv1.3". start_tls: the protocol in which encryption was
    asked for, or "". verified: trusted by this machine (SSL_CERT_FILE and SSL_CERT_DIR are heard), in time, and for this host;
    verify_error: every reason why not. names: of the certificate, DNS and IP. days_left: whole days until it ends, negative since, None
    without a certificate. chain: as the server sent it, its own first. handshake_ms: None if it failed; error: why."""

    version: str
    cipher: str = ""
    alpn: str = ""
    start_tls: str = ""
    verified: bool = False
    verify_error: str = ""
    names: tuple[str, ...] = ()
    key: str = ""
    signature: str = ""
    days_left: int | None = None
    chain: tuple[Certificate, ...] = ()
    handshake_ms: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Http:
    """The answer to one GET. scheme: "http" or "https". redirect: where a status of 300 to 399 leads; it is not followed. body_bytes:
    that were read, at most 256 KiB; truncated: there is more. Milliseconds: connect_ms and tls_ms (None without) until connected and
    encrypted, first_byte_ms from the request to the first byte of the answer, total_ms from the first packet to the last. error:
    what is wrong with the answer."""

    scheme: str
    status: int
    path: str = "/"
    reason: str = ""
    version: str = ""
    server: str = ""
    redirect: str = ""
    content_type: str = ""
    body_bytes: int = 0
    truncated: bool = False
    connect_ms: float = 0.0
    tls_ms: float | None = None
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    error: str = ""


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _texts(row: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """null is "", but for those of `optional`."""
    return {key: "" if value is None and key not in optional else value for key, value in row.items()}


def service_from(row: Mapping[str, Any] | None) -> Service | None:
    return None if row is None else Service(**_texts(row))


def tls_from(row: Mapping[str, Any] | None) -> Tls | None:
    if row is None:
        return None
    fields = _texts(row, "days_left", "handshake_ms")
    for own in ("subject", "issuer", "not_before", "not_after"):
        del fields[own]  # of the first certificate, for readers of JSON
    fields["names"] = tuple(fields["names"])
    fields["chain"] = tuple(
        Certificate(each["subject"], each["issuer"], _time(each["not_before"]), _time(each["not_after"]), each["sha256"])
        for each in fields["chain"]
    )
    return Tls(**fields)


def http_from(row: Mapping[str, Any] | None) -> Http | None:
    return None if row is None else Http(**_texts(row, "tls_ms"))
