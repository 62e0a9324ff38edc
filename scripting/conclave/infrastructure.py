"""The names of the module that Conclave replaces: services, configuration and logs."""

from conclave.config import ConfigParser
from conclave.logs import LogAnalyzer
from conclave.scan import ScanResult, ServiceScanner

__all__ = ["ConfigParser", "LogAnalyzer", "ScanResult", "ServiceScanner"]
