"""
Accept regular expressions that switch a flag on anywhere but at their start, like r"^(?i)page/$".

Python took such a flag to hold for the whole expression, and still does at the start; elsewhere it
is an error now. Only what would be that error is read again: no other expression can change.
https://docs.python.org/3/whatsnew/3.11.html#re
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.11",
    symptom="older code fails, as does a URL pattern with (?i): global flags not at the start of "
    "the expression",
)

MISPLACED = "global flags not at the start of the expression"


def without_flags(text, position, known):
    """
    The expression without the flags that begin there, and what they mean.

    A comment of the same length takes their place: it is skipped as they were, what follows a `*`
    keeps its meaning, and other errors their positions.
    """
    opening, end, sharp = ("(?", ")", "#") if isinstance(text, str) else (b"(?", b")", b"#")
    closing = text.index(end, position)
    letters = text[position + len(opening) : closing]
    found = 0
    for letter in letters if isinstance(letters, str) else letters.decode("ascii"):
        found |= known[letter]
    comment = opening + sharp + sharp * (len(letters) - 1)
    return text[:position] + comment + text[closing:], found


def parser_of(module, stock):
    """A parse() that takes flags anywhere."""

    def parse(str, flags=0, state=None):
        if state is not None:  # what is in it cannot be undone
            return stock(str, flags, state)
        text, given = str, flags
        while True:
            try:
                parsed = stock(text, flags)
                break
            except module.error as error:
                if error.msg != MISPLACED or error.pos is None:
                    raise
                text, found = without_flags(text, error.pos, module.FLAGS)
                if found & ~flags & module.SRE_FLAG_VERBOSE:
                    # All is read anew, since more of it is a comment then.
                    text, flags, found = str, given, module.SRE_FLAG_VERBOSE
                flags |= found
        if text is not str:
            import warnings

            message = "Flags not at the start of the expression %r" % (str[:20],)
            # For the caller of re.compile() or re.search().
            warnings.warn(message, DeprecationWarning, stacklevel=5)
        return parsed

    return parse


@patch.when_imported("re._parser")
def repair(module):
    patch.expect(module.FLAGS.get("i"), "its flags are not known by letters")
    patch.replace(module, "parse", parser_of(module, module.parse))
