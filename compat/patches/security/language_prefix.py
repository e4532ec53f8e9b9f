"""
Take the active language for text, not for a regular expression, in URLs of `i18n_patterns()`.

https://www.djangoproject.com/weblog/2022/oct/04/security-releases/
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a language like '(' causes error 500, or a regular expression that takes very long",
    cves=("CVE-2022-41323",),
)


@patch.when_imported("django.urls.resolvers")
def repair(resolvers):
    import re

    stock = vars(resolvers.LocaleRegexURLResolver).get("regex")
    patch.expect(isinstance(stock, property), "the prefix is made differently")
    code = stock.fget.__code__
    patch.expect("_regex_dict" in code.co_names, "the prefix is kept differently")
    special = re.compile(r"([^\w-])")

    def regex(self):
        language = resolvers.get_language() or resolvers.settings.LANGUAGE_CODE
        # Others are as in stock, which makes them itself.
        if special.search(language) and language not in self._regex_dict:
            if language != resolvers.settings.LANGUAGE_CODE or self.prefix_default_language:
                prefix = "^%s/" % special.sub(r"\\\1", language)
                self._regex_dict[language] = re.compile(prefix)
        return stock.fget(self)

    patch.replace(resolvers.LocaleRegexURLResolver, "regex", property(regex))
