"""The commands of docs/records/adoptions.md, as they stand there."""

import collections
import re
import shlex

from tests.support import documents

BRIDGE = "django-devops-bridge"
UP = ["-m", "deploy_conf", "up"]
DOWN = ["-m", "deploy_conf", "down"]

# name: "wagtail"; python: "3.7". Each of the others is a list of commands, which are lists of
# words: what makes the site, what adopts it and starts it, and what takes all of it back.
Adoption = collections.namedtuple("Adoption", "name python make adopt leave")


def read(text):
    """The adoptions of the page, in its order; ValueError for one that cannot be followed."""
    found = []
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title = section.partition("\n")[0].strip()
        code = "".join(code for _, code in documents.blocks(section, "sh"))
        if code:
            found.append(adoption(title, commands(code)))
    return found


def commands(code):
    """A block's commands as words, without the comments; there is no shell to run them."""
    found = []
    for line in code.splitlines():
        words = []
        for word in shlex.split(line, comments=True) + ["&&"]:
            if word != "&&":
                words.append(word)
            elif words:
                found.append(words)
                words = []
    return found


def adoption(title, steps):
    name = title.split()[0].lower()
    python = re.match(r"python(3\.\d+)\Z", steps[0][0])
    if not python or steps[0][1:3] != ["-m", "venv"]:
        raise ValueError("%s: the first command is no `python3.N -m venv`" % title)
    for words in steps:
        if re.search(r"[$;|<>`]", " ".join(words)):
            raise ValueError("%s: it takes a shell: %s" % (title, " ".join(words)))
    first = place(title, steps, lambda words: any(word.startswith(BRIDGE) for word in words))
    last = place(title, steps, lambda words: words[1:4] == DOWN)
    place(title, steps[first:last], lambda words: words[1:4] == UP and "--port" in words)
    return Adoption(name, python.group(1), steps[:first], steps[first:last], steps[last:])


def place(title, steps, right):
    found = [number for number, words in enumerate(steps) if right(words)]
    if len(found) != 1:
        raise ValueError("%s: it installs, starts (up --port N) and stops the site once" % title)
    return found[0]


def port(one):
    """Where the adopted site answers."""
    (words,) = [words for words in one.adopt if words[1:4] == UP]
    return int(words[words.index("--port") + 1])
