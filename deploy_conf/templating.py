"""
The template language: plain text with three line directives and one placeholder.

    @{name}          a value; further lines of it are indented like the first, and a line that is
                     nothing but an empty value is left out
    @if name         lines up to @end are kept when the value is true (`@if not name`: false)
    @include file    another template, indented like this line

Chosen so that it meets neither nginx's `$`, supervisor's `%` nor uWSGI's `@(`.
"""

import os
import re
from typing import Any, Iterator, Mapping

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
PLACEHOLDER = re.compile(r"@\{(\w+)\}")


def render(name: str, values: Mapping[str, Any]) -> str:
    """The text of template `name`; an unknown value raises KeyError with its name."""
    return "".join(line + "\n" for line in _lines(name, values))


def _lines(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    kept = [True]  # one entry for each open @if
    with open(os.path.join(FOLDER, name), encoding="utf-8") as template:
        for line in template.read().splitlines():
            words = line.split()
            indent = line[: len(line) - len(line.lstrip())]
            if words[:1] == ["@if"]:
                wanted = words[1] != "not"
                kept.append(kept[-1] and bool(values[words[-1]]) == wanted)
            elif words == ["@end"]:
                kept.pop()
            elif not kept[-1]:
                continue
            elif words[:1] == ["@include"]:
                for inner in _lines(words[1], values):
                    yield indent + inner if inner else inner
            else:
                text = PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), line)
                if line.strip() and not text.strip():
                    continue
                first, *further = text.split("\n")
                yield first
                for part in further:
                    yield indent + part if part else part
    if len(kept) != 1:
        raise ValueError("%s: @if without @end" % name)
