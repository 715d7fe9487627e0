"""Who tells voice edges: the detector that is built in, or Silero's model."""

from collections.abc import Callable

from agent.listening import Detector
from agent.silero import SileroModel, SileroNow
from agent.voice_activity import VoiceActivity

DETECTORS = ("builtin", "silero")


def detector_maker(name: str) -> Callable[[], Detector]:
    """Makes detectors that answer within `push`, for recordings. Raises SettingsError where the model is missing."""
    assert name in DETECTORS, f"expected one of {DETECTORS}, got {name!r}"
    if name == "builtin":
        return VoiceActivity
    model = SileroModel()
    return lambda: SileroNow(model)
