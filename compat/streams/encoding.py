"""Bodies as JSON text, the way they are stored and sent."""

import json
from typing import Any, Callable, Dict

from django.core.serializers.json import DjangoJSONEncoder

from ._settings import ENCODER, MAX_BODY

# Encoders in use, each with a function that makes the text.
_encoders: Dict[type, Callable[[Any], str]] = {}


def _encode(body):
    kind = ENCODER()
    encoder = _encoders.get(kind)
    if encoder is None:
        encoder = _encoders[kind] = kind(separators=(",", ":"), allow_nan=False).encode
    text = encoder(body)
    if kind is not DjangoJSONEncoder:
        text = _checked(text)
    return text


def _checked(text):
    """What an encoder of the site's made: no reader could do with anything but JSON."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (TypeError, ValueError) as error:
        raise TypeError(f"STREAMS_ENCODER made no JSON of it: {error}") from None
    try:
        text.encode("ascii")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def _refuse(name):
    raise ValueError(f"{name} is no JSON")


def encode(body: Any) -> str:
    """The body as JSON text in ASCII; raises TypeError or, for an oversized body, ValueError."""
    try:
        text = _encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"stream body is not JSON-serialisable: {error}") from None
    limit = MAX_BODY()
    if len(text) > limit:
        raise ValueError(f"stream body has {len(text)} characters, STREAMS_MAX_BODY is {limit}")
    return text
