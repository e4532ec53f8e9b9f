"""Whoever looks at a repaired function or class sees the stock's: sites do look."""

import json
import os
import subprocess
import sys

import pytest

from compat import patches
from tests.support import CHECKOUT

LIBRARIES = ("django", "channels", "daphne", "channels_redis", "asgiref")
# Stock cannot be imported on newer Pythons without the repairs of Python itself.
STOCK_IMPORTS = sys.version_info < (3, 8)
NEEDED = ("python.", "django.import_warnings", "django.gettext_codeset")
# Not the same on purpose: how such a path ends, and why.
OTHERWISE = [
    (".main_wrap", "Python 3.6: asks for the thread's context at the call"),
    ("django.core.cache.backends.db:datetime", "since Python 3.12: all but what is deprecated"),
    (":CancelledError", "a tuple, for `except`: since Python 3.8 there are two of them"),
    (":WebSocketProtocol.__eq__", "object's own, in C: it is called for each message"),
    (":WebSocketProtocol.__hash__", "likewise"),
    (":SimpleCookie", "pickled with responses, so it has a name of its own"),
]


def looks(folder, side, disable=""):
    path = str(folder / (side + ".json"))
    environ = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    environ.update(
        PYTHONPATH=os.pathsep.join([CHECKOUT] + [name for name in sys.path if name]),
        PYTHONWARNINGS="ignore",
        COMPAT_DISABLE=disable,
    )
    command = [sys.executable, "-S", "-m", "tests.compat.patches.looks", path]
    command += ["stock" if side == "stock" and STOCK_IMPORTS else "bridge"]
    done = subprocess.run(
        command + list(LIBRARIES),
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stdout
    with open(path) as file:
        told = json.load(file)
    return {name: told["looks"][place] for name, place in told["found"].items()}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    rest = [one.name for one in patches.every() if not one.name.startswith(NEEDED)]
    return looks(folder, "stock", ",".join(rest)), looks(folder, "bridge")


def test_functions_and_classes_look_as_without_the_bridge(both):
    stock, patched = both
    assert len(stock) > 20000  # nothing was left out
    excused = tuple(end for end, _ in OTHERWISE)
    different = {
        name: (look, patched.get(name))
        for name, look in stock.items()
        if patched.get(name) != look and not name.endswith(excused)
    }
    assert different == {}


def form_class():
    from django import forms

    class Form(forms.Form):
        """Gives a field what its class says it takes, as Mezzanine's forms do."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            options = {"required": True}
            if "max_length" in forms.CharField.__init__.__code__.co_varnames:
                options["max_length"] = 2000
            self.fields["name"] = forms.CharField(**options)

    return Form


def test_a_form_that_asks_for_argument_names_keeps_its_limit():
    Form = form_class()
    assert 'maxlength="2000"' in Form().as_p()
    assert Form({"name": "x" * 2000}).is_valid()
    assert not Form({"name": "x" * 2001}).is_valid()


def test_subclasses_of_what_is_repaired_call_it_in_every_way():
    from django import forms

    class ByName(forms.CharField):
        def __init__(self, *args, **kwargs):
            kwargs.setdefault("max_length", 3)
            super(ByName, self).__init__(*args, **kwargs)

    class ByPlace(forms.CharField):
        def __init__(self, max_length=3, min_length=None, **kwargs):
            forms.CharField.__init__(self, max_length, min_length, **kwargs)

    class Mixin(object):
        def __init__(self, *args, **kwargs):
            self.extra = kwargs.pop("extra", None)
            super().__init__(*args, **kwargs)

    class Mixed(Mixin, ByName):
        pass

    class Inherits(ByPlace):
        pass

    for field in (ByName(), ByPlace(), ByPlace(3), Mixed(extra=1), Inherits(), ByName(strip=False)):
        assert field.clean("abc") == "abc" and field.max_length == 3
        for bad in ("abcd", "a\0"):
            with pytest.raises(forms.ValidationError):
                field.clean(bad)
    assert ByName(strip=False).clean(" a ") == " a "


def test_mail_of_a_repaired_form_goes_through_a_queue_that_pickles_it():
    import pickle

    from django.contrib.auth import forms
    from django.core import mail

    message = forms.EmailMultiAlternatives("subject", "body", "a@x.org", ["b@x.org"])
    message.attach_alternative("<p>", "text/html")
    again = pickle.loads(pickle.dumps(message))  # noqa: S301
    assert type(again) is mail.EmailMultiAlternatives and vars(again) == vars(message)
