"""What stands in a rendered file, without its comments and layout: one line for each directive."""

import re

TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<text>"[^"]*"|'[^']*')|(?P<sign>[{};])|[^\s{};]+""")


def nginx(text):
    """`innermost block: directive arguments` of each directive of nginx's."""
    found, blocks, words = [], [], []
    for match in TOKEN.finditer(text):
        if match.group("sign") == "{":
            blocks.append(" ".join(words))
        elif match.group("sign") == "}":
            blocks.pop()
        elif match.group("sign") == ";":
            found.append("%s: %s" % ((blocks or ["file"])[-1], " ".join(words)))
        elif match.group().strip() and not match.group().startswith("#"):
            words.append(match.group())
            continue
        else:
            continue
        words = []
    if blocks or words:
        raise ValueError("not ended: %s" % (blocks or words)[-1])
    return found


def ini(text):
    """`[section]: key = value` of each line, as uWSGI and supervisor read it."""
    found, section = [], ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif line.strip() and line[0] not in "#;":
            found.append("%s: %s" % (section, line))
    return found


def lines(text):
    """`file: line` of each line, as Redis, a shell and Python read it."""
    found = [line.strip() for line in text.splitlines()]
    return ["file: %s" % line for line in found if line and line[0] != "#"]
