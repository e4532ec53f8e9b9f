"""
Set and load cookies whose value has a newline, a tab or another control character, as ever.

They are sent as an escape in quotes (`"a\\012b"`). Python's security releases of 2026 look for such
characters in the value itself and not only in what is sent.
https://github.com/python/cpython/issues/143919
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="set_cookie() of a text with a newline or a tab fails: CookieError",
)


@patch.when_imported("django.http.cookie")
def repair(cookie):
    import sys

    http_cookies = cookie.http_cookies
    stock, plain = cookie.SimpleCookie, http_cookies.Morsel
    patch.expect(stock is http_cookies.SimpleCookie, "SimpleCookie is not Python's")
    patch.expect(hasattr(stock, "_BaseCookie__set"), "SimpleCookie keeps values differently")
    try:
        plain().set("a", "\t", '"\\011"')
        raise NotNeeded("Python takes such a value")
    except http_cookies.CookieError:
        pass

    class Morsel(plain):
        """One cookie; what is sent of it has no control characters, its value may."""

        def set(self, key, value, coded_value):
            plain.set(self, key, coded_value, coded_value)
            self._value = value

        def __setstate__(self, state):
            plain.__setstate__(self, dict(state, value=state["coded_value"]))
            self._value = state["value"]

    class SimpleCookie(stock):
        def _BaseCookie__set(self, key, value, coded_value):
            try:
                stock._BaseCookie__set(self, key, value, coded_value)
            except http_cookies.CookieError:
                morsel = Morsel()
                dict.update(morsel, self.get(key, ()))
                morsel.set(key, value, coded_value)
                dict.__setitem__(self, key, morsel)

    for ours in (Morsel, SimpleCookie):  # responses in a cache are pickled
        ours.__module__, ours.__qualname__ = cookie.__name__, ours.__name__
    patch.add(cookie, "Morsel", Morsel)
    patch.replace(cookie, "SimpleCookie", SimpleCookie)
    # Not everywhere: Python's own class stays what it is for everybody else.
    for name, module in list(sys.modules.items()):
        if name.startswith("django.") and vars(module).get("SimpleCookie") is stock:
            patch.replace(module, "SimpleCookie", SimpleCookie)
