"""Card numbers out of the log: a filter for its handlers."""

import logging

from agent.scrubbing import scrub

_FORMATTER = logging.Formatter()


def scrub_record(record: logging.LogRecord) -> bool:
    """Mask card numbers in a record's message and in what was raised; every record is logged."""
    record.msg, record.args = scrub(record.getMessage()), ()
    if record.exc_info and not record.exc_text:
        record.exc_text = scrub(_FORMATTER.formatException(record.exc_info))
    return True
