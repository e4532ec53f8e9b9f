"""Values of switches, by setting and by environment."""

import pytest

from tests.support.probe import probe, source

CODE = """
import logging
logging.basicConfig(format="%(message)s", level="WARNING")
from django.conf import settings
from compat._kinds import Number
from compat.patching.switches import Switch
switch = Switch("COMPAT_ONE")
number = Switch("OF_DJANGO", 100, Number("files", none="any number", texts=True))
print(switch(), number())
"""
FLAG = "%s=%r: expected True or False (1 or 0); using the default, False\n"
NUMBER = (
    "%s=%r: expected a whole number of files, 0 or more; None: any number; using the default, 100\n"
)
SETTINGS = "settings.configure()\n"


@pytest.mark.parametrize(
    "one, value",
    [
        ("", False),
        (" ", False),
        ("1", True),
        ("True", True),
        (" on ", True),
        ("yes", True),
        ("0", False),
        ("false", False),
        ("off", False),
        ("no", False),
    ],
)
def test_the_environment(one, value):
    said = probe(CODE, env={"COMPAT_ONE": one})
    assert said.said == "%s 100" % value
    assert said.error == ""


@pytest.mark.parametrize(
    "text, value", [("7", "7"), ("0", "0"), ("none", "None"), ("None", "None")]
)
def test_a_number(text, value):
    assert probe(CODE, env={"COMPAT_OF_DJANGO": text}).said == "False " + value


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_a_bad_word_is_told_and_counts_as_nothing(text):
    result = probe(CODE + "print(switch())", env={"COMPAT_ONE": text})
    assert result.said == "False 100\nFalse"
    assert result.error == FLAG % ("COMPAT_ONE", text)


@pytest.mark.parametrize("text", ["many", "-1", "1.5"])
def test_a_bad_number_is_told_and_counts_as_nothing(text):
    result = probe(CODE, env={"COMPAT_OF_DJANGO": text})
    assert result.said == "False 100"
    assert result.error == NUMBER % ("COMPAT_OF_DJANGO", text)


def test_settings_may_change_and_the_environment_is_over_them():
    code = """
from django.test import override_settings
for one, of_django in [(True, 5), (False, None), ("1", "6"), ("off", "none"), ("so", "so")]:
    with override_settings(COMPAT_ONE=one, OF_DJANGO=of_django):
        print(switch(), number())
"""
    plain = probe(SETTINGS.join(CODE.rsplit("print", 1)[:1] + [code]))
    assert plain.said == "True 5\nFalse None\nTrue 6\nFalse None\nFalse 100", plain.error
    assert plain.error == FLAG % ("COMPAT_ONE", "so") + NUMBER % ("OF_DJANGO", "so")
    forced = probe(
        SETTINGS.join(CODE.rsplit("print", 1)[:1] + [code]),
        env={"COMPAT_ONE": "1", "COMPAT_OF_DJANGO": "9"},
    )
    assert set(forced.said.splitlines()) == {"True 9"}, forced.error


def test_a_bad_setting_is_told_once():
    @source(SETTINGS)
    def code(settings, switch):
        settings.COMPAT_ONE = "so"
        print([switch() for _ in range(3)])

    result = probe(CODE + code)
    assert result.error.count("COMPAT_ONE=") == 1
