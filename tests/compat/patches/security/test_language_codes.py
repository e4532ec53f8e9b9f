from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import WSGI, same

NAME = "security.language_codes"


@source(DJANGO)
def code_probe(settings):
    global translation
    settings.USE_I18N = True
    from django.utils import translation
    from django.utils.translation import trans_real

    def kept():
        return (
            trans_real.check_for_language.cache_info().currsize,
            trans_real.get_supported_language_variant.cache_info().currsize,
        )

    def variant(code, *strict):
        try:
            return trans_real.get_supported_language_variant(code, *strict)
        except LookupError:
            return "none"


def test_long_codes_are_not_kept():
    @source(code_probe)
    def code(kept, translation, variant):
        long = ["de-" + "x" * (501 + n) for n in range(10)]
        checked = {translation.check_for_language(code) for code in long}
        print(checked, {variant(code) for code in long}, kept())

    prove(NAME, code, good="{False} {'de'} (1, 1)", bad="{False} {'de'} (11, 10)")


def test_who_asked_before_asks_ours():
    @source
    def body(kept, translation):
        translation.check_for_language("y" * 501)
        print(kept()[0])

    code = "import django.utils.translation.trans_real\n" + code_probe + body
    prove(NAME, code, good="0", bad="1")


def test_what_is_before_a_dash_counts():
    @source(code_probe)
    def code(variant):
        tails = ["x" * 600, "-" + "x" * 600, "-" + "x" * 490 + "-" + "y" * 600]
        print(*[variant("de" + tail, *strict) for tail in tails for strict in ((), (True,))])

    prove(NAME, code, good="none none de none de none", bad="none none de de de de")


def test_a_request_with_a_long_cookie():
    @source(WSGI)
    def code(HttpResponse, served, settings, url):
        global urlpatterns
        settings.USE_I18N = True
        settings.MIDDLEWARE = ["django.middleware.locale.LocaleMiddleware"]
        from django.utils import translation
        from django.utils.translation import trans_real

        def view(request):
            return HttpResponse(translation.get_language())

        urlpatterns = [url("^$", view)]
        for language in (b"de", b"de-" + b"x" * 2000):
            request = b"GET / HTTP/1.0\r\nCookie: django_language=" + language + b"\r\n\r\n"
            print(served(request), end=" ")
        info = trans_real.get_supported_language_variant.cache_info
        before = info().currsize
        served(b"GET / HTTP/1.0\r\nCookie: django_language=de-" + b"y" * 2000 + b"\r\n\r\n")
        print(info().currsize - before)

    prove(NAME, code, good="(200, 'de') (200, 'de') 0", bad="(200, 'de') (200, 'de') 1")


def test_other_codes_are_as_before():
    code = (
        code_probe
        + """
for code in ("de", "de-at", "pt", "pt-br", "zh-cn", "xx", "", None, "a" * 500, "de-" + "a" * 497):
    print(translation.check_for_language(code), variant(code), variant(code, True))
trans_real.check_for_language.cache_clear()
trans_real.get_supported_language_variant.cache_clear()
print(kept())
from django.test import override_settings
with override_settings(LANGUAGES=[("de", "German")]):
    print(variant("fr"), variant("de-ch"))
print(variant("fr"))
"""
    )
    same(NAME, code)
