"""
Which installed packages cannot work together, and why: one table, for `python -m compat`, for
`manage.py check` and for the doctor. Nothing is imported; what is installed is asked.
"""

import sys
from typing import Callable, List, NamedTuple, Tuple

from .patching.versions import installed_version, matches

ANY = ">=0"


class Combination(NamedTuple):
    """Packages (import names) whose versions all fall into these clauses, on such a Python."""

    id: str
    packages: Tuple[Tuple[str, str], ...]
    why: str
    do: str
    python: str = ""


class Found(NamedTuple):
    """A combination that is installed here; `what` names the packages with their versions."""

    id: str
    what: str
    why: str
    do: str

    def __str__(self) -> str:
        return "%s: %s %s" % (self.what, self.why, self.do)


PINS = "Install compat/requirements.txt (or the wheel's [pins])."
CHANNELS_2 = ("channels", ">=2.0,<2.2")
TABLE = (
    Combination(
        "asgi-redis",
        (("asgi_redis", ANY), ("channels", ">=2.0")),
        "asgi-redis is the layer of channels 1, and nothing in channels 2 can use it.",
        "Uninstall asgi-redis, and use channels_redis.core.RedisChannelLayer.",
    ),
    Combination(
        "old-asgiref",
        (("asgiref", "<2.3"), ("channels", ">=2.1,<2.2")),
        "channels 2.1 wants asgiref 2.3; pip refuses the pair.",
        PINS,
    ),
    Combination(
        "new-asgiref",
        (("asgiref", ">=3.0"), CHANNELS_2),
        "asgiref 3 calls applications in another way than channels before 2.2.",
        PINS,
    ),
    Combination(
        "new-channels-redis",
        (("channels_redis", ">=2.4"), CHANNELS_2),
        "channels_redis 2.4 and later want asgiref 3, channels before 2.2 asgiref 2.",
        PINS,
    ),
    Combination(
        "new-daphne",
        (("daphne", ">=2.3"), CHANNELS_2),
        "daphne 2.3 and later want asgiref 3, channels before 2.2 asgiref 2.",
        PINS,
    ),
    Combination(
        "old-daphne",
        (("daphne", "<2.0"), ("channels", ">=2.0")),
        "daphne 1 speaks the ASGI of channels 1.",
        PINS,
    ),
    Combination(
        "old-channels",
        (("channels", "<2.0"), ("daphne", ">=2.0")),
        "daphne 2 speaks the ASGI of channels 2.",
        PINS,
    ),
    Combination(
        "new-channels",
        (("channels", ">=3.0"), ("django", "<2.2")),
        "channels 3 and later want Django 2.2.",
        PINS,
    ),
    Combination(
        "new-aioredis",
        (("aioredis", ">=2.0"), ("channels_redis", "<4.0")),
        "aioredis 2 has no pools of connections any more, which channels_redis is made of.",
        "Install aioredis 1.3.1.",
    ),
    Combination(
        "kombu-redis-3",
        (("kombu", "<4.3"), ("redis", ">=3.0")),
        "kombu before 4.3 calls redis in a way that redis 3 refuses ('float' object has no "
        "attribute 'items').",
        "Install redis<3, or celery 4.4.7 with kombu 4.6.11.",
    ),
    Combination(
        "kombu-redis-2",
        (("kombu", ">=4.6,<5.0"), ("redis", "<3.2")),
        "kombu 4.6 wants redis 3.2 or later (VersionMismatch).",
        "Install redis 3.5.3.",
    ),
    Combination(
        "django-redis",
        (("django_redis", "<4.10"), ("redis", ">=3.0")),
        "django-redis before 4.10 sends its CacheKey objects, which redis 3 refuses (DataError).",
        "Install redis<3, or django-redis 4.10.",
    ),
    Combination(
        "celery-async",
        (("celery", "<4.3"),),
        "celery before 4.3 has a module named async, a syntax error since Python 3.7.",
        "Install celery 4.4.7 with kombu 4.6.11.",
        python=">=3.7",
    ),
    Combination(
        "django-python-3.7",
        (("django", "<1.11.17"),),
        "Django before 1.11.17 has lines that Python 3.7 cannot read.",
        "Install Django 1.11.29.",
        python=">=3.7",
    ),
)


def found(
    installed: Callable[[str], str] = installed_version,
    python: Tuple[int, ...] = sys.version_info[:3],
) -> List[Found]:
    """The combinations that are installed here, as the table has them."""
    known = {name: installed(name) for one in TABLE for name, _ in one.packages}
    running = "%d.%d.%d" % python[:3]
    result = []
    for one in TABLE:
        there = all(known[name] and matches(known[name], clause) for name, clause in one.packages)
        if there and (not one.python or matches(running, one.python)):
            what = ["%s %s" % (name.replace("_", "-"), known[name]) for name, _ in one.packages]
            if one.python:
                what.append("Python %s" % running)
            result.append(Found(one.id, " with ".join(what), one.why, one.do))
    return result
