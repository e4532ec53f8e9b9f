from urllib.parse import urlsplit

import pytest

from tests.support.probe import DJANGO, probe

NAME = "security.url_validator_newlines"
CODE = (
    DJANGO
    + """
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

found = []
for url in ["http://example.com/", "http://exam\\nple.com/", "http://www.djangoproject.com/\\n",
            "http://[::ffff:192.9.5\\r]", "http://ex\\tample.com/"]:
    try:
        URLValidator()(url)
        found.append("valid")
    except ValidationError as error:
        found.append(error.code)
print(*found)
"""
)


def test_newlines_and_tabs_are_refused():
    cured = probe(CODE)
    assert cured.said == "valid invalid invalid invalid invalid", cured.error
    assert cured.states[NAME] == "applied"


@pytest.mark.skipif(
    "\n" in urlsplit("http://a/\n").path, reason="this Python keeps newlines, which are refused"
)
def test_without_the_patch_one_is_accepted():
    assert "valid" in probe(CODE, disable=NAME).said.split()[1:]
