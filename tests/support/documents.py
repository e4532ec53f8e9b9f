"""The commands that the documentation tells a reader to type."""

import os
import re
import textwrap

from tests.support import CHECKOUT


def blocks(text, language=None):
    """The fenced blocks of a page in Markdown, as (language, code without its margin)."""
    found = re.findall(r"^ *```(\w+)\n(.*?)^ *```", text, re.M | re.S)
    found = [(kind, textwrap.dedent(code)) for kind, code in found]
    return [(kind, code) for kind, code in found if language in (None, kind)]


def commands(*page):
    """The lines of a page's blocks for the shell, without the comments beside them."""
    with open(os.path.join(CHECKOUT, *page), encoding="utf-8") as file:
        code = "\n".join(code for _, code in blocks(file.read(), "sh"))
    lines = [re.sub(r"(^|\s+)#\s.*", "", line).strip() for line in code.splitlines()]
    return [line for line in lines if line]
