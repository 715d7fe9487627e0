"""The REST API's resources: what a request must say, and how a resource is told (protocols/twilio.md, section 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from simulator.peers.twilio_records import API_VERSION, CallPlan, CallRecord, calendar

ROOT = f"/{API_VERSION}/Accounts"
TWIML_LIMIT_CHARS = 4_000
PAGE_SIZE = 50
LARGEST_PAGE = 1_000

NUMBER = re.compile(r"\+[1-9]\d{1,14}|client:\S+|sips?:\S+", re.ASCII)
URL = re.compile(r"https?://[^\s/]+\S*")
CALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


class RestError(Exception):
    """A refusal, with the HTTP status and Twilio's code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def json(self) -> dict[str, object]:
        """The body of the answer."""
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def not_found(path: str) -> RestError:
    """The refusal for a resource that is not there."""
    return RestError(404, 20404, f"The requested resource {path} was not found")


@dataclass(frozen=True, slots=True)
class NewCall:
    """A valid wish for a call."""

    to_number: str
    from_number: str
    plan: CallPlan

    @classmethod
    def read(cls, form: Mapping[str, list[str]]) -> Self:
        """Read the parameters of a creation. Raises `RestError` for the first one that is wrong."""
        one = {name: values[0] for name, values in form.items()}
        check_numbers(one)
        url, twiml = one.get("Url", ""), one.get("Twiml", "")
        if not url and not twiml:
            raise RestError(400, 21205, "Url: expected Url, Twiml or ApplicationSid, got none")
        for name in ("Url", "FallbackUrl", "StatusCallback", "AsyncAmdStatusCallback"):
            if one.get(name) and not URL.fullmatch(one[name]):
                raise RestError(400, 21205, f"{name}: expected an absolute http or https URL, got {one[name]!r}")
        check_twiml(twiml)
        events = tuple(form.get("StatusCallbackEvent", ["completed"]))
        if not CALL_EVENTS.issuperset(events):
            raise RestError(400, 20001, f"StatusCallbackEvent: expected some of {sorted(CALL_EVENTS)}, got {events}")
        plan = CallPlan(
            url=url,
            method=one.get("Method", "POST").upper(),
            twiml="" if url else twiml,  # Url wins when both are given
            fallback_url=one.get("FallbackUrl", ""),
            fallback_method=one.get("FallbackMethod", "POST").upper(),
            status_callback=one.get("StatusCallback", ""),
            status_callback_method=one.get("StatusCallbackMethod", "POST").upper(),
            status_callback_events=events,
            amd_callback=amd_callback(one),
            amd_callback_method=one.get("AsyncAmdStatusCallbackMethod", "POST").upper(),
            time_limit_s=time_limit(one),
        )
        return cls(one["To"], one["From"], plan)


def check_numbers(one: Mapping[str, str]) -> None:
    """Raise `RestError` unless `To` and `From` are numbers, clients or SIP addresses."""
    for name, missing, invalid in (("To", 21201, 21211), ("From", 21213, 21212)):
        if not one.get(name):
            raise RestError(400, missing, f"No '{name}' number is specified")
        if not NUMBER.fullmatch(one[name]):
            raise RestError(400, invalid, f"The phone number '{one[name]}' in '{name}' is not valid; expected E.164")


def check_twiml(twiml: str) -> None:
    """Raise `RestError` for inline TwiML over the limit."""
    if len(twiml) > TWIML_LIMIT_CHARS:
        raise RestError(
            400, 32018, f"Twiml: expected at most {TWIML_LIMIT_CHARS} characters, got {len(twiml)}; serve it by Url"
        )


def amd_callback(one: Mapping[str, str]) -> str:
    """Whom to tell the result of asynchronous machine detection; empty where it was not asked for."""
    if not one.get("MachineDetection") or one.get("AsyncAmd", "false").lower() != "true":
        return ""
    if not one.get("AsyncAmdStatusCallback"):
        raise RestError(400, 21262, "AsyncAmd: expected AsyncAmdStatusCallback as well")
    return one["AsyncAmdStatusCallback"]


def time_limit(one: Mapping[str, str]) -> int | None:
    """The call's longest duration in seconds, where asked for."""
    text = one.get("TimeLimit", "")
    if not text:
        return None
    if not text.isdecimal() or not int(text):
        raise RestError(400, 20001, f"TimeLimit: expected whole seconds above 0, got {text!r}")
    return int(text)


def account_json(account_sid: str) -> dict[str, object]:
    """An account as the API tells it."""
    return {
        "sid": account_sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "date_created": calendar(0),
        "date_updated": calendar(0),
        "owner_account_sid": account_sid,
        "uri": f"{ROOT}/{account_sid}.json",
        "subresource_uris": {"calls": f"{ROOT}/{account_sid}/Calls.json"},
    }


def call_json(record: CallRecord) -> dict[str, object]:
    """A call as the API tells it."""
    uri = f"{ROOT}/{record.account_sid}/Calls/{record.sid}"
    duration = record.duration_s
    subresources = ("recordings", "notifications", "payments", "events", "streams", "transcriptions")
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "annotation": None,
        "answered_by": record.answered_by or None,
        "api_version": API_VERSION,
        "caller_name": record.caller_name,
        "date_created": calendar(record.created_at),
        "date_updated": calendar(record.ended_at or record.started_at or record.created_at),
        "direction": record.direction,
        "duration": None if duration is None else str(duration),
        "start_time": None if record.started_at is None else calendar(record.started_at),
        "end_time": None if record.ended_at is None else calendar(record.ended_at),
        "forwarded_from": record.forwarded_from or None,
        "from": record.from_number,
        "from_formatted": record.from_number,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "status": record.status.value,
        "to": record.to_number,
        "to_formatted": record.to_number,
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{name.capitalize()}.json" for name in subresources},
    }


def page_json(
    name: str, items: list[dict[str, object]], form: Mapping[str, list[str]], account_sid: str, parent: str = ""
) -> dict[str, object]:
    """One page of a list."""
    size = min(LARGEST_PAGE, _whole(form, "PageSize", PAGE_SIZE) or PAGE_SIZE)
    page = _whole(form, "Page", 0)
    begin = page * size
    path = f"{ROOT}/{account_sid}/{parent}{name.capitalize()}.json?PageSize={size}"
    has_more = begin + size < len(items)
    return {
        name: items[begin : begin + size],
        "page": page,
        "page_size": size,
        "start": begin,
        "end": max(begin, min(begin + size, len(items)) - 1),
        "first_page_uri": f"{path}&Page=0",
        "next_page_uri": f"{path}&Page={page + 1}" if has_more else None,
        "previous_page_uri": f"{path}&Page={page - 1}" if page else None,
        "uri": f"{path}&Page={page}",
    }


def _whole(form: Mapping[str, list[str]], name: str, default: int) -> int:
    text = form.get(name, [str(default)])[0]
    return int(text) if text.isdecimal() else default
