"""The lines that are sent: numbered, with the time, 140 characters; and how to read them again."""

import json
import time

LENGTH = 140
LAST = "#last#"


def line(number, total):
    """Line `number` (from 1) of `total`, with the time of now."""
    text = "%d %.9f %s" % (number, time.monotonic(), LAST if number == total else "")
    return text.ljust(LENGTH, ".")


def text_of(payload):
    """The text in a frame of either site; an entry of ours may end in the middle of a line."""
    frame = json.loads(payload.decode())
    if "message" in frame:
        return frame["message"] + "\n"
    return "".join(body["s"] for body in frame.get("bodies", ()))


def ends(payload):
    """How many whole lines are in a frame: each ends with dots."""
    return payload.count(b'.."') + payload.count(b"..\\n")


def number_of(text):
    """The number of a line."""
    return int(text.split(" ", 1)[0])


def sent_at(text):
    """Monotonic time at which the line was made."""
    return float(text.split(" ", 2)[1])


def percentile(ordered, percent):
    """The value at `percent` of a sorted list (nearest rank); None for an empty list."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
