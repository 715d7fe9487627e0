"""Results as JUnit XML, for the test views of Jenkins, GitLab and their like: a suite a script, a case a seed."""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr as quoted

from simulator.report.results import Results, Tally
from simulator.runs.outcome import Status


def junit_pieces(results: Results) -> Iterator[str]:
    """The text of the file, piece by piece. Times are those of the simulated calls, in s: the same every time."""
    total = results.total
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="offhook simulate" {_counts(total)}>\n'
    script = None
    for run in results.runs:
        if run["script"] != script:
            if script is not None:
                yield "  </testsuite>\n"
            script = run["script"]
            yield f"  <testsuite name={_attribute(script)} {_counts(results.scripts[script])}>\n"
        yield from _case(run)
    if script is not None:
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _counts(tally: Tally) -> str:
    statuses = tally.statuses
    failures = statuses[Status.FAILED] + statuses[Status.XPASSED]
    errors = tally.failures - failures
    return (
        f'tests="{tally.runs}" failures="{failures}" errors="{errors}" skipped="{statuses[Status.XFAILED]}" '
        f'time="{tally.simulated_ms / 1_000:.3f}"'
    )


def _case(run: dict[str, Any]) -> Iterator[str]:
    name, time_s = _attribute(run["script"]), run["simulated_ms"] / 1_000
    begin = f'    <testcase classname={name} name="seed {run["seed"]}" time="{time_s:.3f}"'
    inside = _inside(run)
    yield f"{begin}>\n      {inside}\n    </testcase>\n" if inside else f"{begin}/>\n"


def _inside(run: dict[str, Any]) -> str:
    status = Status(run["status"])
    if status is Status.PASSED:
        return ""
    if status is Status.XFAILED:
        return f"<skipped message={_attribute('expected to fail: ' + run['xfail'])}/>"
    tag = "failure" if status in (Status.FAILED, Status.XPASSED) else "error"
    first = run["violations"][0] if run["violations"] else {"checker": str(status), "what": headline(run)}
    return f"<{tag} type={_attribute(first['checker'])} message={_attribute(first['what'])}>{_text(story(run))}</{tag}>"


def headline(run: dict[str, Any]) -> str:
    """Why a run without any violation is a failure."""
    if run["status"] == Status.XPASSED:
        return f"holds now, although it is marked xfail ({run['xfail']}): take the mark away"
    return f"ended as {run['status']}"


def story(run: dict[str, Any]) -> str:
    """What failed when, the faults that were on, and the command that runs it again; lines of text."""
    lines = [when(violation) for violation in run["violations"]] or [headline(run)]
    if run["faults"]:
        lines.append(f"faults: {', '.join(run['faults'])}")
    return "\n".join([*lines, f"digest: {run['digest']}", f"run it again: {run['rerun']}"])


def when(violation: dict[str, Any]) -> str:
    """A violation in one line."""
    at = "" if violation["at_ms"] is None else f"at {violation['at_ms']} ms "
    who = f"[{violation['caller']}] " if violation["caller"] else ""
    return f"{at}{who}{violation['checker']}: {violation['what']}"


def _attribute(text: str) -> str:
    return quoted(_allowed(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _text(text: str) -> str:
    return _allowed(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _allowed(text: str) -> str:
    """`text` with a replacement for each character that XML forbids even when escaped."""
    return "".join(char if _is_allowed(ord(char)) else "\N{REPLACEMENT CHARACTER}" for char in text)


def _is_allowed(code: int) -> bool:
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF
