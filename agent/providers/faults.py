"""What a refusal, a close code or an error text means, in words that hold for every provider."""

from agent.errors import Fault, FaultKind, Whose

DETAIL_LIMIT = 200
"""Characters of a provider's own words that go into a fault, and so into logs."""

_BY_STATUS = {
    401: (FaultKind.REFUSED_KEY, Whose.SETTINGS),
    402: (FaultKind.REFUSED_KEY, Whose.SETTINGS),  # out of credit: asking again does not help, a person must pay
    403: (FaultKind.REFUSED_KEY, Whose.SETTINGS),
    404: (FaultKind.BAD_REQUEST, Whose.SETTINGS),
    408: (FaultKind.TIMEOUT, Whose.PROVIDER),
    413: (FaultKind.BAD_REQUEST, Whose.SETTINGS),  # larger than what the account may ask for at all
    429: (FaultKind.RATE_LIMITED, Whose.PROVIDER),
    498: (FaultKind.OVERLOADED, Whose.PROVIDER),
}

_HINTS = {
    401: "check the API key",
    402: "the account is out of credit",
    403: "check the API key and what its plan allows",
    404: "check the base URL and the names of model and voice",
    413: "shorten the prompt or raise the account's limit",
}


def fault_of_status(provider: str, status: int, detail: str, retry_after_ms: int | None = None) -> Fault:
    """The fault behind an HTTP status that is not a success."""
    kind, whose = _BY_STATUS.get(status, (FaultKind.BAD_REQUEST, Whose.OURS))
    if status >= 500:
        kind, whose = FaultKind.OVERLOADED, Whose.PROVIDER
    if status < 400:
        kind, whose = FaultKind.BAD_REQUEST, Whose.SETTINGS
        detail = f"expected an answer, got a redirection; check the base URL. {detail}"
    hint = f" ({_HINTS[status]})" if status in _HINTS else ""
    return Fault(whose, provider, kind, f"HTTP {status}{hint}: {one_line(detail)}".rstrip(": "), retry_after_ms)


def fault_of_close(provider: str, code: int, reason: str, *, was_open: bool) -> Fault:
    """The fault behind a wire that closed without our asking; `code` as in `WireListener.on_close`."""
    if 300 <= code < 600:
        return fault_of_status(provider, code, reason)
    detail = f"{code}: {one_line(reason)}".rstrip(": ")
    if not was_open:
        return Fault(Whose.PROVIDER, provider, FaultKind.UNREACHABLE, f"the connection could not be opened, {detail}")
    if code in {1002, 1003, 1007, 1008}:
        return Fault(Whose.OURS, provider, FaultKind.BAD_MESSAGE, f"closed over what we sent, {detail}")
    return Fault(Whose.PROVIDER, provider, FaultKind.CLOSED, f"the connection closed, {detail}")


def one_line(text: str) -> str:
    """`text` fit for a log line: blanks collapsed, bounded."""
    line = " ".join(text.split())
    return line if len(line) <= DETAIL_LIMIT else f"{line[:DETAIL_LIMIT]}…"
