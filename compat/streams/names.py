"""Names of streams and of the channel-layer groups that announce them."""

import hashlib

MAX_NAME = 190


def check_name(name: str) -> str:
    """Return `name` if it is 1 to 190 printable ASCII characters; raises ValueError otherwise."""
    if not isinstance(name, str):
        raise ValueError(f"stream name must be a string, not {type(name).__name__}")
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"stream name must have 1 to {MAX_NAME} characters, not {len(name)}")
    if name != name.strip() or not all(" " <= char <= "~" for char in name):
        raise ValueError(f"stream name must be printable ASCII, no space at either end: {name!a}")
    return name


def group_name(name: str) -> str:
    """The group of a stream: hashed, because layers allow fewer characters and shorter names."""
    return "streams." + hashlib.sha256(name.encode("ascii")).hexdigest()[:40]
