"""What comes after a stream."""

from enum import StrEnum


class Next(StrEnum):
    """What a caller hears when Twilio asks what comes after the stream."""

    RESUME = "resume"
    APOLOGY = "apology"
    BUSY = "busy"
    GOODBYE = "goodbye"
