"""When to try again. Durations are in seconds."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 5.0
# A server that asks for more patience than this gets none: its error goes to the caller.
_LONGEST_RETRY_AFTER = 60.0


def delay_before(attempt: int, asked: float = 0.0, chance: float | None = None) -> float | None:
    """How long to wait before try number ``attempt`` (1 = the first repetition).

    Exponential with jitter (``chance`` in 0 to 1), and never less than what the server asked for. ``None`` when it
    asked for more than a minute.
    """
    if asked > _LONGEST_RETRY_AFTER:
        return None
    ceiling: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(attempt - 1, 10))
    return max(asked, ceiling * (0.5 + (random.random() if chance is None else chance) / 2))


def retry_after_seconds(header: str | None, now: float | None = None) -> float | None:
    """``Retry-After``: seconds or a date (RFC 9110 §10.2.3). ``None`` when missing or neither."""
    text = "" if header is None else header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))
