"""Packages that cannot work together are named, with what to do; those that can are not."""

import pytest

from compat import _combinations
from tests.support.probe import probe

# Of each row one pair that was met in the field, and its neighbour that works.
CASES = {
    "asgi-redis": ({"asgi_redis": "1.4.3", "channels": "2.1.4"}, {"channels": "1.1.8"}),
    "old-asgiref": ({"asgiref": "2.1.6", "channels": "2.1.4"}, {"asgiref": "2.3.2"}),
    "new-asgiref": ({"asgiref": "3.2.10", "channels": "2.1.4"}, {"channels": "2.4.0"}),
    "new-channels-redis": ({"channels_redis": "2.4.0", "channels": "2.1.4"}, {"channels": "2.2"}),
    "new-daphne": ({"daphne": "2.3.0", "channels": "2.1.4"}, {"daphne": "2.2.5"}),
    "old-daphne": ({"daphne": "1.4.2", "channels": "2.1.4"}, {"daphne": "2.2.5"}),
    "old-channels": ({"daphne": "2.2.5", "channels": "1.1.8"}, {"channels": "2.1.4"}),
    "new-channels": ({"channels": "3.0.5", "django": "1.11.29"}, {"django": "2.2"}),
    "new-aioredis": ({"aioredis": "2.0.1", "channels_redis": "2.3.1"}, {"aioredis": "1.3.1"}),
    "kombu-redis-3": ({"kombu": "4.2.1", "redis": "3.5.3"}, {"redis": "2.10.6"}),
    "kombu-redis-2": ({"kombu": "4.6.11", "redis": "2.10.6"}, {"redis": "3.5.3"}),
    "django-redis": ({"django_redis": "4.9.0", "redis": "3.5.3"}, {"django_redis": "4.10.0"}),
    "celery-async": ({"celery": "4.2.1"}, {"celery": "4.4.7"}),
    "django-python-3.7": ({"django": "1.11.16"}, {"django": "1.11.17"}),
}


def ids(packages, python=(3, 7, 16)):
    installed = {name: "" for one in _combinations.TABLE for name, _ in one.packages}
    return [one.id for one in _combinations.found(dict(installed, **packages).get, python)]


def test_every_row_has_a_case():
    assert sorted(CASES) == sorted(one.id for one in _combinations.TABLE)


@pytest.mark.parametrize("id", sorted(CASES))
def test_what_cannot_work_is_named_and_its_neighbour_is_not(id):
    bad, change = CASES[id]
    assert ids(bad) == [id]
    assert ids(dict(bad, **change)) == []


@pytest.mark.parametrize("id", ["celery-async", "django-python-3.7"])
def test_what_an_older_python_can_do(id):
    assert ids(CASES[id][0], (3, 6, 15)) == []


def test_a_line_says_versions_reason_and_remedy():
    installed = {"celery": "4.2.1"}
    (one,) = _combinations.found(lambda name: installed.get(name, ""), (3, 11, 2))
    assert str(one).startswith("celery 4.2.1 with Python 3.11.2: celery before 4.3 has a module")
    assert str(one).endswith("Install celery 4.4.7 with kombu 4.6.11.")


def test_the_pins_can_work_together_and_nothing_is_imported_to_know():
    code = "from compat import _combinations; import sys; print(_combinations.found())\n"
    result = probe(code + "print('django' in sys.modules, 'celery' in sys.modules)")
    assert result.said == "[]\nFalse False", result.error
