"""Sealing bytes with a key or a passphrase, and what is taken out of text before it leaves the machine."""

from conclave._core import KeyLengthError, SecureVault, redact, redaction_rules

__all__ = ["KeyLengthError", "SecureVault", "redact", "redaction_rules"]
