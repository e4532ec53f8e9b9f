"""The rendered uwsgi.ini of a running uWSGI."""

import os
from typing import Dict, Optional

from . import processes

RENDERED = "Rendered by deploy_conf."  # in the first line of uwsgi.ini


def of_process(pid: int) -> Optional[Dict[str, str]]:
    """The options in the rendered file that a uWSGI was started with; None: it is not ours."""
    words = processes.process(pid)[0]
    for before, word in zip(words, words[1:]):
        path = word.partition("--ini=")[2] or word
        # A relative one is not looked for: uWSGI may have changed its folder since.
        if not os.path.isabs(path) or not (before == "--ini" or path.endswith(".ini")):
            continue
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            continue
        if RENDERED in text:
            return options(text)
    return None


def options(text: str) -> Dict[str, str]:
    """{name: value} as uWSGI reads an ini file: of a name that is repeated the last counts."""
    found: Dict[str, str] = {}
    section = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        elif section == "uwsgi" and line and line[0] not in "#;":
            name, _, value = line.partition("=")  # a name alone is a switch
            found[name.strip()] = value.strip().replace("%%", "%")
    return found
