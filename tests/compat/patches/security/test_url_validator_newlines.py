from urllib.parse import urlsplit

import pytest

from tests.support.probe import DJANGO, probe, source

NAME = "security.url_validator_newlines"


@source(DJANGO)
def code():
    from django.core.exceptions import ValidationError
    from django.core.validators import URLValidator

    found = []
    for url in [
        "http://example.com/",
        "http://exam\nple.com/",
        "http://www.djangoproject.com/\n",
        "http://[::ffff:192.9.5\r]",
        "http://ex\tample.com/",
    ]:
        try:
            URLValidator()(url)
            found.append("valid")
        except ValidationError as error:
            found.append(error.code)
    print(*found)


def test_newlines_and_tabs_are_refused():
    patched = probe(code, patch=NAME)
    assert patched.said == "valid invalid invalid invalid invalid", patched.error
    assert patched.states[NAME] == "applied"


@pytest.mark.skipif(
    "\n" in urlsplit("http://a/\n").path, reason="this Python keeps newlines, which are refused"
)
def test_without_the_patch_one_is_accepted():
    assert "valid" in probe(code, disable=NAME).said.split()[1:]
