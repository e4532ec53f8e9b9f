"""The table of docs/reference/hostile-input.md, from the cases that tests try."""

from . import cases
from .behaviour import BEHAVIOUR

HEAD = """# Hostile input

Written by `python -m tests.labs.hostile`. The tests in `tests/labs/hostile/` send each of these
inputs to the reference site, through nginx to daphne or uWSGI, and compare the answer with this
page. At the end no process has more connections, descriptors or memory than before, no log has a
traceback, and other clients were served throughout.

"dropped": the connection is reset without a close frame, as RFC 6455 allows for broken frames.
"lives": the next ordinary message on the same connection was answered.
"""
PARTS = [
    ("WebSocket handshakes", "HANDSHAKES", "status"),
    ("Pages, through uWSGI", "PAGES", "status"),
    ("Frames", "FRAMES", "got"),
    ("Messages", "MESSAGES", "got"),
    ("Messages of a client of many streams", "SUBSCRIPTIONS", "got"),
    ("`?since=` of a stream", "SINCES", "got"),
]


def cell(text):
    text = " or ".join(map(str, text)) if isinstance(text, tuple) else str(text)
    return text.replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_").replace("*", "\\*")


def page():
    lines = [HEAD]
    for title, name, got in PARTS:
        lines += ["## " + title, "", "| input | %s | by |" % got, "| --- | --- | --- |"]
        for case in getattr(cases, name):
            lines.append("| %s | %s | %s |" % (cell(case.name), cell(case.got), cell(case.by)))
        lines.append("")
    lines += [
        "## Slow, many, large",
        "",
        "| input | what becomes of it | by |",
        "| --- | --- | --- |",
    ]
    lines += ["| %s | %s | %s |" % tuple(map(cell, row)) for row in BEHAVIOUR]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
