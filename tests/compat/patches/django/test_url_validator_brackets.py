from urllib.parse import urlsplit

from tests.support.probe import DJANGO, probe, source

NAME = "django.url_validator_brackets"


@source(DJANGO)
def code():
    global forms
    from django import forms
    from django.core.exceptions import ValidationError
    from django.core.validators import URLValidator

    for url in [
        "http://[::ffff:192.9.5]/",
        "http://[a",
        "http://[::1]:8000/",
        "http://example.com/",
    ]:
        try:
            URLValidator()(url)
            print("valid")
        except ValidationError as error:
            print(error.code)


def python_checks_brackets():
    try:
        urlsplit("http://[::ffff:192.9.5]/")
    except ValueError:
        return True
    return False


def test_a_bad_bracketed_host_is_invalid():
    patched = probe(code, patch=NAME)
    assert patched.said == "invalid\ninvalid\nvalid\nvalid", patched.error
    stock = probe(code, disable=NAME)
    if python_checks_brackets():
        assert patched.states[NAME] == "applied"
        assert stock.said.startswith("ValueError:"), stock.said
    else:  # nothing to repair in this Python
        assert stock.said == patched.said
