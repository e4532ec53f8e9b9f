"""Names of streams and of the channel-layer groups that announce them."""

import functools
import hashlib
import unicodedata

from django.apps import apps
from django.db import router, transaction

MAX_NAME = 190
# The group in which first entries are announced once more; see lists.py.
NEW_STREAMS = "streams.new"
# Controls, halves of surrogate pairs, ends of lines and of paragraphs. What a later Unicode adds is
# not among them, so that every Python takes the same names.
REFUSED = ("Cc", "Cs", "Zl", "Zp")


def check_name(name: str) -> str:
    """
    Return `name` if it may name a stream: 1 to 190 characters of any script; else ValueError.

    No control characters, no space at either end. Names are compared as they are written: by case,
    and without regard to what looks alike.
    """
    if not isinstance(name, str):
        raise ValueError(f"stream name must be a string, not {type(name).__name__}")
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"stream name must have 1 to {MAX_NAME} characters, not {len(name)}")
    if name != name.strip():
        raise ValueError(f"stream name must have no space at either end: {name!a}")
    for char in name:
        if char < " " or (char > "~" and unicodedata.category(char) in REFUSED):
            raise ValueError(f"stream name must have no {char!a}: {name!a}")
    return name


def check_storable(name: str, alias: str = "") -> str:
    """check_name(), and whether the connection to the database can carry it."""
    check_name(name)
    if max(name) > "\uffff":
        alias = alias or router.db_for_write(apps.get_model("streams", "Stream"))
        connection = transaction.get_connection(alias)
        options = connection.settings_dict.get("OPTIONS", {})
        # Django's default there is MySQL's "utf8", which ends at U+FFFF.
        if connection.vendor == "mysql" and options.get("charset") != "utf8mb4":
            raise ValueError(
                "stream name has characters beyond U+FFFF, for which the database needs "
                f'OPTIONS = {{"charset": "utf8mb4"}}: {name!a}'
            )
    return name


@functools.lru_cache(maxsize=1024)
def group_name(name: str) -> str:
    """The group of a stream: hashed, because layers allow fewer characters and shorter names."""
    return "streams." + hashlib.sha256(name.encode("utf-8")).hexdigest()[:40]
