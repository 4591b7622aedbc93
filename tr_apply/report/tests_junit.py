"""The results of routing tests and of limits as JUnit XML, which CI servers show."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from tr_apply.printable import printable, printable_lines
from tr_apply.rehearsal.results import RoutingTestResult, RoutingTestRun
from tr_apply.report.simulation_text import gate_sentence
from tr_apply.report.tasks_text import distribution_lines
from tr_apply.report.tests_text import FAILED, difference_line, failure_lines
from tr_apply.simulation.results import SimulationResults

_STYLE: Final = re.compile("\x1b\\[[0-9;]*m")


def tests_junit(runs: Sequence[RoutingTestRun], broken: Mapping[str, str]) -> str:
    """Every test as a test case.

    Args:
        runs: The results of the tests, one configuration after the other.
        broken: The reason for each configuration whose tests could not be run.
    """
    root = ET.Element("testsuites", name="tr-apply")
    for each in runs:
        _add_suite(root, each)
    for path, reason in broken.items():
        suite = ET.SubElement(root, "testsuite", _counts(_clean(path), tests=1, errors=1))
        case = ET.SubElement(suite, "testcase", name="configuration", classname=_clean(path))
        ET.SubElement(case, "error", message=_clean(reason.splitlines()[0])).text = _clean_lines(reason)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    return _written(root)


def gates_junit(results: SimulationResults) -> str:
    """The limits of a simulation, each for each group as a test case; an undecided one counts as failed."""
    failures = sum(each.state != "passed" for each in results.gates)
    counts = _counts("simulate", tests=len(results.gates), failures=failures)
    root = ET.Element("testsuites", {**counts, "name": "tr-apply"})
    suite = ET.SubElement(root, "testsuite", counts)
    for each in results.gates:
        name = f"{each.limit}: {each.name}"
        case = ET.SubElement(suite, "testcase", name=_clean(name), classname="simulate")
        if each.state != "passed":
            ET.SubElement(case, "failure", message=_clean(gate_sentence(each)), type=each.state)
    return _written(root)


def _written(root: ET.Element) -> str:
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counts(name: str, *, tests: int, failures: int = 0, errors: int = 0) -> dict[str, str]:
    return {"name": name, "tests": str(tests), "failures": str(failures), "errors": str(errors), "skipped": "0"}


def _add_suite(root: ET.Element, each: RoutingTestRun) -> None:
    counts = _counts(_clean(each.path), tests=len(each.results), failures=len(each.failed))
    suite = ET.SubElement(root, "testsuite", counts)
    for result in each.results:
        case = ET.SubElement(suite, "testcase", name=_clean(result.name), classname=_clean(result.workflow))
        case.set("file", _clean(result.file))
        case.set("line", str(result.line))
        if not result.passed:
            failure = ET.SubElement(case, "failure", message=_message(result), type=FAILED)
            failure.text = _clean_lines("\n".join(failure_lines(result, "")))
    if each.tasks is not None:
        ET.SubElement(suite, "system-out").text = _clean_lines("\n".join(distribution_lines(each.tasks)))


def _message(result: RoutingTestResult) -> str:
    return _clean(difference_line(result.differences[0]))


def _clean(text: str) -> str:
    """*text* on one line; what XML cannot hold, and what hides, is an escape."""
    return printable(_STYLE.sub("", text))


def _clean_lines(text: str) -> str:
    return printable_lines(_STYLE.sub("", text))
