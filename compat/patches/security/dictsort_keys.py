"""
Let dictsort and dictsortreversed read items and attributes only, and call nothing (CVE-2021-45116).

A key from a request could name a method, and the order told what it returned. Names that begin
with an underscore are refused: the filter gives an empty string, as for every bad key.
https://www.djangoproject.com/weblog/2022/jan/04/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="dictsort with a key from a request calls methods of what it sorts",
    cves=("CVE-2021-45116",),
)


@patch.when_imported("django.template.defaultfilters")
def repair(defaultfilters):
    missing = defaultfilters.VariableDoesNotExist  # what both filters catch
    stock = vars(defaultfilters).get("_property_resolver")

    def property_resolver(arg):
        return stock(arg) if is_number(arg) else resolver(arg.split("."), missing)

    patch.replace_everywhere(defaultfilters, "_property_resolver", property_resolver)


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def resolver(names, missing):
    """The function that gives an object's sort key. missing: what it raises where there is none."""
    if any(name.startswith("_") for name in names):
        shown = ".".join(names)
        raise missing("no sorting by %r: it begins with an underscore", (shown,))

    def resolve(value):
        for name in names:
            value = step(value, name, missing)
        return value

    return resolve


def step(value, name, missing):
    """The item or the attribute of that name."""
    try:
        return value[name]
    except (TypeError, AttributeError, KeyError, ValueError, IndexError):
        pass
    try:
        return getattr(value, name)
    except AttributeError:
        pass
    try:
        return value[int(name)]
    except (TypeError, AttributeError, KeyError, ValueError, IndexError):
        raise missing("nothing to sort by: %r", (name,))
