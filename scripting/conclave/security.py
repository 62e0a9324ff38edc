"""What is taken out of text before it leaves the machine."""

from conclave._core import redact, redaction_rules

__all__ = ["redact", "redaction_rules"]
