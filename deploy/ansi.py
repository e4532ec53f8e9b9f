"""What a terminal's text looks like without its control characters (the page without scripts)."""

import re

# CSI, OSC and other string sequences, two-character escapes; then what a cut leaves at the end.
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])|\x1b[^\n]*\Z"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain_text(text):
    """Return the text with escape sequences gone and lines overwritten where \\r says so."""
    text = CONTROLS.sub("", ESCAPES.sub("", text))
    if "\r" not in text:
        return text
    return "\n".join(_overwrite(line) for line in text.split("\n"))


def _overwrite(line):
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown
