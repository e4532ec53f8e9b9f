import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    from django.utils import translation

    with translation.override("de"):
        print(translation.ugettext("Yes"), translation.ungettext("%d hour", "%d hours", 2) % 2)


def test_texts_are_translated():
    prove(
        "django.gettext_codeset",
        code,
        good="Ja 2 Stunden",
        bad="set_output_charset",
        needed=sys.version_info >= (3, 8),
        env={"PYTHONWARNINGS": "error:set_output_charset:DeprecationWarning"},
    )
