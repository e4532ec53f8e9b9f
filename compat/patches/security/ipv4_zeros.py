"""
Refuse zeros at the beginning of a number in an IPv4 address: some systems read them as octal.

validate_ipv4_address(), validate_ipv46_address() and URLValidator take 127.0.0.010 no more, which
may mean another machine elsewhere than in an access rule.
https://www.djangoproject.com/weblog/2021/jun/02/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a form accepts 127.0.0.010, which some systems read as another address",
    cves=("CVE-2021-33571",),
)

NUMBER = "(?:25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?|0)"
ADDRESS = NUMBER + r"(?:\." + NUMBER + "){3}"
STOCK = r"(?:25[0-5]|2[0-4]\d|[0-1]?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|[0-1]?\d?\d)){3}"


@patch.when_imported("django.core.validators")
def repair(validators):
    import re
    import sys

    url = validators.URLValidator
    validator = validators.validate_ipv4_address
    patch.expect(url.ipv4_re == STOCK, "URLValidator has another expression for addresses")
    patch.expect("regex" in vars(validator), "validate_ipv4_address looks different")
    stock = url.regex
    # Compiled when first used, as stock's.
    regex = validators.SimpleLazyObject(
        lambda: re.compile(stock.pattern.replace(STOCK, ADDRESS), stock.flags)
    )
    address = validators._lazy_re_compile("^" + ADDRESS + r"\Z")
    patch.replace(url, "ipv4_re", ADDRESS)
    patch.replace(url, "regex", regex)
    patch.replace(validator, "regex", address)
    patch.replace_everywhere(validators, "ipv4_re", address)
    # A validator keeps the expression of its class. The fields have theirs from their import on.
    fields = (sys.modules.get(name) for name in ("django.forms.fields", "django.db.models.fields"))
    if any(hasattr(module, "URLField") for module in fields):
        for early in made(url):
            if getattr(vars(early).get("regex"), "pattern", None) == stock.pattern:
                patch.replace(early, "regex", regex)


def made(cls):
    """The instances of a class and of its subclasses that there are already."""
    import gc

    # Not isinstance(): it asks a lazy object for its class, which wakes that up.
    return [found for found in gc.get_objects() if issubclass(type(found), cls)]
