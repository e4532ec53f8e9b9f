"""What a site may set for its streams."""

import collections
import datetime
import hashlib
import json
import re

from .._kinds import Dict, Flag, Kind, Number
from .._settings import Setting

SECTION = "Streams"

# max_age in seconds; None: no such limit.
Limits = collections.namedtuple("Limits", "max_age max_entries max_bytes")


def limits(max_age=None, max_entries=None, max_bytes=None):
    """Limits from a timedelta or seconds and two numbers; ValueError for what is none."""
    if isinstance(max_age, datetime.timedelta):
        max_age = max_age.total_seconds()
    found = Limits(max_age, max_entries, max_bytes)
    for name, value in found._asdict().items():
        kinds = (int, float) if name == "max_age" else (int,)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, kinds) or not value >= 0
        ):
            raise ValueError(f"{name} must be a number, 0 or more, not {value!r:.40}")
    return found


class Encoder(Kind):
    """The dotted path of a json.JSONEncoder; used as that class."""

    def __init__(self):
        super().__init__("the dotted path of a subclass of json.JSONEncoder")

    def accept(self, value):
        from django.utils.module_loading import import_string

        if not isinstance(value, str):
            raise ValueError(f"{type(value).__name__} is not text")
        found = import_string(value)
        if not (isinstance(found, type) and issubclass(found, json.JSONEncoder)):
            raise ValueError("it is none")
        return found


Publisher = collections.namedtuple("Publisher", "digest streams")
HASHED = "sha256:"


def publisher(token=None, streams=None):
    """A Publisher of what STREAMS_PUBLISHERS says of one; ValueError for what is none."""
    if not isinstance(token, str):
        raise ValueError("the token must be text")
    if isinstance(streams, str) or not streams or not all(isinstance(one, str) for one in streams):
        raise ValueError('streams must be a list of patterns such as ["news", "billing:*"]')
    if token.startswith(HASHED):
        digest = bytes.fromhex(token[len(HASHED) :])
        if len(digest) != hashlib.sha256().digest_size:
            raise ValueError("the hash of the token is not a SHA-256")
    else:
        if len(token) < 32 or len(set(token)) < 10 or not re.match(r"[!-~]+\Z", token):
            raise ValueError("the token is weak: make it of 32 random characters, in ASCII")
        digest = hashlib.sha256(token.encode("ascii")).digest()
    return Publisher(digest, tuple(streams))


POLL_SECONDS = Setting(
    "STREAMS_POLL_SECONDS",
    Number("seconds", least=0.05, most=86400, whole=False),
    2,
    "How often each process looks into the log for entries whose notification was lost. It bounds "
    "how late an entry can be while Redis is away.",
    SECTION,
)
HEARTBEAT_SECONDS = Setting(
    "STREAMS_HEARTBEAT_SECONDS",
    Number("seconds", most=3600, whole=False, zero="none are sent"),
    15,
    "How often each reader gets a tiny frame, so that its page notices a connection that is dead: "
    "`streams.js` connects again when it has heard nothing for twice as long.",
    SECTION,
    live=False,
)
LONG_POLL_SECONDS = Setting(
    "STREAMS_LONG_POLL_SECONDS",
    Number("seconds", most=3600, whole=False, zero="no answer waits"),
    20,
    "How long a request of a long-polling reader waits for an entry before it is answered without "
    "one. Keep it below the time-outs of uWSGI (harakiri), of nginx and of proxies in front.",
    SECTION,
)
LONG_POLL_WORKERS = Setting(
    "STREAMS_LONG_POLL_WORKERS",
    Number("workers", most=10000, zero="none waits"),
    2,
    "How many of uWSGI's workers on this machine may wait at once for long-polling readers, but "
    "never more than half of them; further readers for whom there is nothing yet are answered with "
    "503. Each that waits occupies a worker, or a thread of one.",
    SECTION,
)
SLOW_BYTES = Setting(
    "STREAMS_SLOW_BYTES",
    Number("bytes"),
    1024 * 1024,
    "How many bytes may wait for a reader before the stream pauses for it. The rest stays in the "
    "log until it catches up.",
    SECTION,
)
SLOW_SECONDS = Setting(
    "STREAMS_SLOW_SECONDS",
    Number("seconds", most=86400, whole=False),
    30,
    "How long a reader may stay above STREAMS_SLOW_BYTES without taking anything. Then it is "
    "closed with code 4013; it resumes when it comes back.",
    SECTION,
)
PER_SOCKET = Setting(
    "STREAMS_PER_SOCKET",
    Number("streams", least=1, most=10000),
    100,
    "How many streams one socket may follow at a time, where one socket follows many. What is "
    "beyond that is answered with an error.",
    SECTION,
)
PRESENCE_SECONDS = Setting(
    "STREAMS_PRESENCE_SECONDS",
    Number("seconds", least=0.1, most=600, whole=False),
    2,
    "How often readers are told who came and who left, where streams have presence. After five "
    "times as long, and at least 10 seconds, the readers of a server that was killed are not "
    "counted any more.",
    SECTION,
)
PRESENCE_NAMES = Setting(
    "STREAMS_PRESENCE_NAMES",
    Number("people", most=1000, zero="nobody is"),
    20,
    "Of how many people something is shown, where a stream's presence shows something of them: "
    "those who were there first. All are counted.",
    SECTION,
)
ADMIN = Setting(
    "STREAMS_ADMIN",
    Flag(),
    True,
    "Whether Django's admin shows streams, where the site uses it: to those who have the "
    "permission to read or change streams. False where you register an admin of your own.",
    SECTION,
    live=False,
)
MAX_BODY = Setting(
    "STREAMS_MAX_BODY",
    Number("characters", least=2),
    1024 * 1024,
    "The longest entry that may be published, in characters of its JSON; a longer one is a "
    "ValueError for whoever publishes it.",
    SECTION,
)
ENCODER = Setting(
    "STREAMS_ENCODER",
    Encoder(),
    "django.core.serializers.json.DjangoJSONEncoder",
    "What makes JSON of entries. Django's takes dates, times, durations, Decimal, UUID and lazy "
    "texts, too; name a subclass of it for types of your own. NaN is refused whatever it does.",
    SECTION,
)
GROUP_COMMIT = Setting(
    "STREAMS_GROUP_COMMIT",
    Flag(),
    False,
    "Whether what threads of a process publish at the same moment may go into the database in one "
    "transaction, over the connection of one of them: half the CPU where many do. Only with "
    "Django's own engines, and outside of atomic(). Leave it off if your site gives the "
    "connections of its threads different rights or schemas (`SET ROLE`, `SET search_path`).",
    SECTION,
)
GATHER_SECONDS = Setting(
    "STREAMS_GATHER_SECONDS",
    Number("seconds", most=1, whole=False, zero="each entry is announced by itself"),
    0.005,
    "How long an announcement may wait for others where calls of publish() follow one another "
    "quickly, so that Redis and the readers' processes are told of them together; the first four "
    "never wait. Only with the pub/sub layer, and where threads run (uWSGI: `enable-threads`).",
    SECTION,
)
KEY_SECONDS = Setting(
    "STREAMS_KEY_SECONDS",
    Number("seconds", least=1, most=10**9, whole=False),
    86400,
    "How long a key counts: publish(…, key=…) with the same key appends once in that time. "
    "`manage.py streams_trim` removes those that are over.",
    SECTION,
)
KEEP = Setting(
    "STREAMS_KEEP",
    Dict(
        'a dict such as {"deploy:*": {"max_age": timedelta(days=90), "max_bytes": 2 ** 28}}',
        lambda wanted: limits(**wanted),
    ),
    None,
    "What streams keep, by pattern of their names, as max_age (a timedelta or seconds), "
    "max_entries and max_bytes; without it everything is kept. `manage.py streams_trim` removes "
    "the rest.",
    SECTION,
    check_id="streams.E001",
)
PUBLISHERS = Setting(
    "STREAMS_PUBLISHERS",
    Dict(
        'a dict such as {"billing": {"token": "32 random characters or more", '
        '"streams": ["billing:*"]}}',
        lambda wanted: publisher(**wanted),
    ),
    None,
    "Who may publish over HTTP, with which token and to which streams (patterns), where the site "
    "has the view for it; by default nobody. Take tokens from the environment, or write "
    "`sha256:` and the hash of one in hex.",
    SECTION,
    secret=True,
)
