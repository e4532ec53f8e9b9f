"""A real daphne with the LOGGING of a site that keeps `disable_existing_loggers` at its default."""

import pytest

from tests.support.daphne import daphne
from tests.support.probe import probe, source
from tests.support.raw import get

NAME = "django.stack_loggers"
SITE = """
import os
import django
from django.conf import settings

settings.configure(SECRET_KEY="probe", LOGGING={
    "version": 1,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "site.log"}},
    "root": {"handlers": ["file"], "level": "INFO"},
})
django.setup()

class application:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        raise ValueError("my bug")
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "mysite.py").write_text(SITE)
    return tmp_path


def test_what_an_application_raises_is_in_the_log(site):
    with daphne(site, "mysite:application", wait=False) as address:
        assert get(address, "/")[0] == 500
    log = (site / "site.log").read_text()
    assert 'raise ValueError("my bug")' in log


def test_without_the_patch_it_is_nowhere(site):
    with daphne(site, "mysite:application", wait=False, COMPAT_DISABLE=NAME) as address:
        assert get(address, "/")[0] == 500
    for name in ("site.log", "daphne.log"):
        assert "my bug" not in (site / name).read_text()


def test_what_is_silenced_by_name_or_before_stays_silent():
    @source
    def code():
        import logging

        from django.utils.log import configure_logging

        for (
            name
        ) in "daphne.server asgiref.server compat.channel_layer theirs channels_of_theirs".split():
            logging.getLogger(name)
        logging.getLogger("asgiref.server").disabled = True
        configure_logging(
            "logging.config.dictConfig",
            {
                "version": 1,
                "loggers": {"daphne": {"level": "CRITICAL"}},
                "root": {"level": "DEBUG"},
            },
        )
        for (
            name
        ) in "daphne.server asgiref.server compat.channel_layer theirs channels_of_theirs".split():
            print(not logging.getLogger(name).disabled, end=" ")
        print(logging.getLogger("daphne.server").getEffectiveLevel() == logging.CRITICAL)

    found = probe(code)
    assert found.said == "True False True False False True", found.error
