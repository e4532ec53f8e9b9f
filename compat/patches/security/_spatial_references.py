"""Whether GDAL resolves the text of a spatial reference without a file and without the network."""

import os
import re

# What GDAL takes by form, and what it then looks up in PROJ's database. It reads all else as the
# path of a file, or as a URL; DICT: is a file, too.
FORMS = re.compile(
    r"""
    (?P<wkt>  [a-z][a-z_0-9]*\s*[\[(].* | \{.*\} )
  | (?P<proj> (\+|proj=|init=).* )
  | (?P<code> (?!dict:)[a-z]\w+:[\w.,+:-]+ )
  | (?P<url>  https?://(www\.)?opengis\.net/def/crs\S+ )
  | (?P<name> [^\W\d_][\w.,()&'+-]*([ ]/?[ ]*[\w.,()&'+-]+)* )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
PATH = re.compile(r"=[^+]*[/\\]")


def is_local(text):
    """False for a path, a URL, and whatever else GDAL would open; the name of a file is a path."""
    text = text.partition("\0")[0].strip()  # as C reads it
    if text[:6].lower() == "esri::":
        text = text[6:].strip()
    found = FORMS.match(text)
    if not found or found.end() != len(text):
        return False
    if found.group("proj"):
        return not PATH.search(text)
    try:
        return not os.path.exists(text)
    except ValueError:  # no path can have such characters
        return True
