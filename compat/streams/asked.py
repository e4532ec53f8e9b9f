"""What the client of a socket with many streams asks for, frame by frame."""

import json
from typing import Any, Dict, Tuple

# Characters of a client's frame: a hundred names fit, and no number that takes long to read.
MAX_FRAME = 64 * 1024


class BadFrame(ValueError):
    """A frame that is not understood: (code, detail)."""


def understand(text: Any) -> Tuple[str, Dict[str, Any]]:
    """(type, {stream: cursor}) of a client's frame; of another type than ours it has none."""
    if text is None:
        raise BadFrame("binary", "send text frames")
    if len(text) > MAX_FRAME:
        raise BadFrame("too-large", f"a frame may have {MAX_FRAME} characters")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("bad-json", "the frame is not JSON") from None
    kind = found.get("type") if isinstance(found, dict) else None
    if not isinstance(kind, str):
        raise BadFrame("bad-frame", 'send {"type": "subscribe", "streams": {"news": 0}}')
    streams = found.get("streams")
    if kind == "subscribe":
        if not isinstance(streams, dict) or not streams:
            raise BadFrame("bad-frame", 'streams must be {"name": cursor, …}')
        return kind, streams
    if kind == "unsubscribe":
        if not isinstance(streams, list) or not all(isinstance(name, str) for name in streams):
            raise BadFrame("bad-frame", 'streams must be ["name", …]')
        return kind, dict.fromkeys(streams)
    return kind, {}
