from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import same

NAME = "security.language_prefix"
CODE = (
    DJANGO
    + """
import re
from django.conf.urls import url
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import NoReverseMatch, Resolver404, clear_url_caches, resolve, reverse
from django.utils import translation

settings.USE_I18N = True

def view(request):
    return HttpResponse("")

def look(language, path, **more):
    global urlpatterns
    urlpatterns = i18n_patterns(url("^page/$", view, name="page"), **more)
    clear_url_caches()
    with translation.override(language):
        found = []
        for work in (lambda: resolve(path).url_name, lambda: reverse("page")):
            try:
                found.append(work())
            except (NoReverseMatch, Resolver404, re.error) as error:
                found.append("bad" if isinstance(error, re.error) else type(error).__name__)
        return found
"""
)


def test_a_language_is_text():
    @source(CODE)
    def code(look):
        print(look("(", "/(/page/"), look("a.b", "/aXb/page/"), look("a.b", "/a.b/page/"))
        print(look("e*", "/eee/page/"), look("(a+)+", "/" + "a" * 40 + "/page/"))

    prove(
        NAME,
        code,
        good="['page', '/(/page/'] ['Resolver404', '/a.b/page/'] ['page', '/a.b/page/']\n"
        "['Resolver404', '/e*/page/'] ['Resolver404', '/(a+)+/page/']",
        bad="['bad', 'bad'] ['page', ",
    )


def test_other_languages_are_as_before():
    code = (
        CODE
        + """
for language in ("en", "de", "en-us", "pt-br", "zh-hans", "sr@latin", None):
    for path in ("/de/page/", "/en-us/page/", "/page/", "/zh-hans/page/"):
        print(language, path, look(language, path))
        print(look(language, path, prefix_default_language=False))
"""
    )
    same(NAME, code)
