"""What a terminal's text looks like without its control characters (the page without scripts)."""

import re

# CSI, OSC and other string sequences, two-character escapes; then what a cut leaves at the end.
# None of them looks past the next escape: else a hostile line would take quadratic time.
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
    r"|\x1b[^\n\x1b]*\x1b?\Z"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain_text(text):
    """Return the text with escape sequences gone and lines overwritten where \\r says so."""
    text = CONTROLS.sub("", ESCAPES.sub("", text))
    if "\r" not in text:
        return text
    return "\n".join(_overwrite(line) for line in text.split("\n"))


def _overwrite(line):
    # Backwards: of an earlier part only that shows which is to the right of all later ones.
    shown, width = [], 0
    for part in reversed(line.split("\r")):
        shown.append(part[width:])
        width = max(width, len(part))
    return "".join(shown)
