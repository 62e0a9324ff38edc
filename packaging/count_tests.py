"""Counts the tests in CTest's JUnit file: prints "passed failed skipped"."""

import sys
import xml.etree.ElementTree

suite = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
status = [case.get("status") for case in suite.iter("testcase")]
passed = status.count("run")
skipped = status.count("notrun") + status.count("disabled")
print(passed, len(status) - passed - skipped, skipped)
