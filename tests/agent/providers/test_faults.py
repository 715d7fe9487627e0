import pytest

from agent.errors import FaultKind, Whose
from agent.providers.faults import DETAIL_LIMIT, fault_of_close, fault_of_status


@pytest.mark.parametrize(
    ("status", "kind", "whose", "is_retryable"),
    [
        (302, FaultKind.BAD_REQUEST, Whose.SETTINGS, False),
        (400, FaultKind.BAD_REQUEST, Whose.OURS, False),
        (401, FaultKind.REFUSED_KEY, Whose.SETTINGS, False),
        (402, FaultKind.REFUSED_KEY, Whose.SETTINGS, False),
        (403, FaultKind.REFUSED_KEY, Whose.SETTINGS, False),
        (404, FaultKind.BAD_REQUEST, Whose.SETTINGS, False),
        (413, FaultKind.BAD_REQUEST, Whose.SETTINGS, False),
        (429, FaultKind.RATE_LIMITED, Whose.PROVIDER, True),
        (498, FaultKind.OVERLOADED, Whose.PROVIDER, True),
        (503, FaultKind.OVERLOADED, Whose.PROVIDER, True),
    ],
)
def test_a_status_tells_whose_fault_it_is(status: int, kind: FaultKind, whose: Whose, is_retryable: bool) -> None:
    fault = fault_of_status("deepgram", status, "why")
    assert (fault.kind, fault.whose, fault.is_retryable) == (kind, whose, is_retryable)
    assert fault_of_close("deepgram", status, "why", was_open=False) == fault


def test_a_close_before_the_handshake_is_unreachable_and_one_after_it_is_a_loss() -> None:
    assert fault_of_close("p", 1006, "refused", was_open=False).kind is FaultKind.UNREACHABLE
    assert fault_of_close("p", 1011, "NET-0000", was_open=True).kind is FaultKind.CLOSED
    assert fault_of_close("p", 1008, "DATA-0000", was_open=True).kind is FaultKind.BAD_MESSAGE


def test_a_providers_words_are_one_bounded_line() -> None:
    fault = fault_of_status("p", 500, "a\n\n  b" + "x" * 1_000)
    assert "a b" in fault.detail
    assert "\n" not in fault.detail
    assert len(fault.detail) < DETAIL_LIMIT + 30
