"""Recordings of calls, as the REST API keeps them: begun, paused, stopped; no sound is stored (section 5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from simulator.peers.twilio_records import API_VERSION, CallRecord, Status, calendar, fresh_sid
from simulator.peers.twilio_resources import ROOT, RestError, not_found

CURRENT = "Twilio.CURRENT"
"""Stands for the recording that runs. From memory, unverified."""

STATUSES = ("paused", "in-progress", "stopped")
RECORDINGS_KEPT = 10_000


@dataclass(slots=True)
class Recording:
    """A recording of a call; `created_at` in ns."""

    sid: str
    call_sid: str
    account_sid: str
    created_at: int
    channels: int = 1
    track: str = "both"
    status: str = "in-progress"

    @property
    def path(self) -> str:
        """The resource's path, without its ending."""
        return f"{ROOT}/{self.account_sid}/Recordings/{self.sid}"


class Recordings:
    """All recordings of an account; past `RECORDINGS_KEPT` the oldest is forgotten."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._by_sid: dict[str, Recording] = {}

    def create(self, record: CallRecord, form: Mapping[str, list[str]], now: int) -> Recording:
        """Begin to record a call. Raises `RestError` for a call that is not in progress."""
        if record.status is not Status.IN_PROGRESS:
            raise RestError(400, 21220, "Requested resource is not eligible for recording")
        channels = 2 if form.get("RecordingChannels", ["mono"])[0] == "dual" else 1
        track = form.get("RecordingTrack", ["both"])[0]
        sid = fresh_sid("RE", self._rng)
        recording = Recording(sid, record.sid, record.account_sid, now, channels, track)
        self._by_sid[sid] = recording
        if len(self._by_sid) > RECORDINGS_KEPT:
            del self._by_sid[next(iter(self._by_sid))]
        return recording

    def update(self, recording: Recording, form: Mapping[str, list[str]]) -> None:
        """Pause it, go on, or stop it. Raises `RestError` for anything else."""
        status = form.get("Status", [""])[0]
        if status not in STATUSES:
            raise RestError(400, 20001, f"Status: expected paused, in-progress or stopped, got {status!r}")
        recording.status = status

    def of_call(self, call_sid: str) -> list[Recording]:
        """The recordings of one call, in order."""
        return [item for item in self._by_sid.values() if item.call_sid == call_sid]

    def find(self, record: CallRecord, sid: str) -> Recording:
        """One recording, or the one that runs, by the name `CURRENT`. Raises `RestError` if there is none."""
        found = self.of_call(record.sid)
        if sid == CURRENT:
            found = [item for item in found if item.status != "stopped"][-1:]
        else:
            found = [item for item in found if item.sid == sid]
        if not found:
            raise not_found(f"{ROOT}/{record.account_sid}/Calls/{record.sid}/Recordings/{sid}.json")
        return found[0]


def recording_json(recording: Recording) -> dict[str, object]:
    """A recording as the API tells it."""
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "channels": recording.channels,
        "conference_sid": None,
        "date_created": calendar(recording.created_at),
        "date_updated": calendar(recording.created_at),
        "start_time": calendar(recording.created_at),
        "duration": None,
        "encryption_details": None,
        "error_code": None,
        "price": None,
        "price_unit": "USD",
        "source": "StartCallRecordingAPI",
        "status": recording.status,
        "track": recording.track,
        "uri": f"{recording.path}.json",
    }
