"""
Keep no language codes of more than 500 characters, which requests may bring by the thousand.

`check_for_language()` has none for such a code, and `get_supported_language_variant()` looks at
what stands before a "-" within that length, or has none (CVE-2026-15337, CVE-2026-77050).
https://docs.djangoproject.com/en/dev/releases/security/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="2000 language codes from requests, of any length, are kept in memory",
    cves=("CVE-2026-15337", "CVE-2026-77050"),
)

MAX_LENGTH = 500


@patch.when_imported("django.utils.translation.trans_real")
def repair(trans_real):
    from django.utils import translation

    stock_check = trans_real.check_for_language
    stock_variant = trans_real.get_supported_language_variant
    for stock in (stock_check, stock_variant):
        patch.expect(hasattr(stock, "cache_clear"), "%s has no cache" % stock.__name__)

    @functools.wraps(stock_check)
    def check_for_language(lang_code):
        if lang_code is not None and len(lang_code) > MAX_LENGTH:
            return False
        return stock_check(lang_code)

    @functools.wraps(stock_variant)
    def get_supported_language_variant(lang_code, *args, **kwargs):
        if lang_code and len(lang_code) > MAX_LENGTH:
            strict = args[0] if args else kwargs.get("strict", False)
            end = lang_code.rfind("-", 0, MAX_LENGTH)
            if strict or end <= 0:
                raise LookupError(lang_code)
            lang_code = lang_code[:end]
        return stock_variant(lang_code, *args, **kwargs)

    # The public functions take theirs from there, once, at their first call.
    taken = vars(translation._trans)
    for stock, ours in (
        (stock_check, check_for_language),
        (stock_variant, get_supported_language_variant),
    ):
        ours.cache_clear, ours.cache_info = stock.cache_clear, stock.cache_info
        patch.replace_everywhere(trans_real, stock.__name__, ours)
        if taken.get(stock.__name__) is stock:
            patch.replace(translation._trans, stock.__name__, ours)
