"""Answers that end: frames in one JSON text, and the statuses that go with close codes."""

import json
from typing import List

from ... import close_codes
from ..entries import Text, frame

# Of an answer that is nothing but a goodbye.
STATUS = {
    close_codes.NORMAL: 200,
    close_codes.FAILED: 500,
    close_codes.TOO_MANY: 429,
    close_codes.START_OVER: 409,
    close_codes.BAD_SINCE: 400,
    close_codes.NOT_FOUND: 404,
    close_codes.TOO_LARGE: 413,
}


def closing(code: int) -> Text:
    """The frame that stands for a close frame."""
    return frame("close", code=code)


def status_of(code: int) -> int:
    return STATUS.get(code, 403 if close_codes.is_final(code) else 503)


def page(frames: List[Text], many: bool = False) -> bytes:
    """Frames in one JSON text, with the cursor to come back with; of many streams there is none."""
    cursor = None
    for text in () if many else frames:
        cursor = getattr(text, "cursor", None) or cursor
    texts = ",".join(text if isinstance(text, Text) else _json(text) for text in frames)
    return ('{"cursor":%s,"frames":[%s]}' % (json.dumps(cursor), texts)).encode("utf-8")


def _json(text: str) -> str:
    """A frame that is none of ours: as it is if it is JSON, else as a JSON string."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps(text)
    return text
