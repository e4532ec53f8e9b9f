"""
Load translations without the codeset arguments that Python's gettext dropped.

Before that it warned. They only ever mattered to `lgettext()` and to Python 2.
https://docs.python.org/3/whatsnew/3.11.html#removed
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions=">=1.8,<2.1",
    python=">=3.8",
    symptom="AttributeError: set_output_charset, as soon as a text is translated",
)


@patch.when_imported("django.utils.translation.trans_real")
def repair(trans_real):
    gettext = trans_real.gettext_module

    def translation(*args, **kwargs):
        kwargs.pop("codeset", None)
        return gettext.translation(*args, **kwargs)

    def set_output_charset(self, charset):
        """Texts are str: there is nothing to encode."""

    patch.add(trans_real.DjangoTranslation, "set_output_charset", set_output_charset)
    patch.replace(trans_real, "gettext_module", StandIn(gettext, translation=translation))
