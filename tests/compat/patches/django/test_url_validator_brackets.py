from urllib.parse import urlsplit

from tests.support.probe import DJANGO, probe

NAME = "django.url_validator_brackets"
CODE = (
    DJANGO
    + """
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

for url in ["http://[::ffff:192.9.5]/", "http://[a", "http://[::1]:8000/", "http://example.com/"]:
    try:
        URLValidator()(url)
        print("valid")
    except ValidationError as error:
        print(error.code)
"""
)


def python_checks_brackets():
    try:
        urlsplit("http://[::ffff:192.9.5]/")
    except ValueError:
        return True
    return False


def test_a_bad_bracketed_host_is_invalid():
    cured = probe(CODE)
    assert cured.said == "invalid\ninvalid\nvalid\nvalid", cured.error
    ill = probe(CODE, disable=NAME)
    if python_checks_brackets():
        assert cured.states[NAME] == "applied"
        assert ill.said.startswith("ValueError:"), ill.said
    else:  # nothing to repair in this Python
        assert ill.said == cured.said
