"""Quoting for each configuration language. Values were checked by options.py before."""

import re
import shlex
from typing import Dict, List, Mapping


def nginx(value: object) -> str:
    """A double-quoted nginx word; `$` never gets here, so nothing is interpolated."""
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def redis(value: object) -> str:
    """A double-quoted Redis word."""
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def uwsgi(value: object) -> str:
    """A uWSGI ini value: `%x` is a magic variable there."""
    return str(value).replace("%", "%%")


def supervisor(value: object, passes: int = 1) -> str:
    """A supervisor value; `passes` counts how often supervisor expands `%` in that option."""
    return str(value).replace("%", "%" * 2**passes)


def shell(words: List[str]) -> str:
    """An argument list for /bin/sh."""
    return " ".join(shlex.quote(word) for word in words)


def supervisor_command(words: List[str]) -> str:
    """
    An argument list as supervisor's `command=`, which it splits like a shell.

    What follows a space and ";" or "#" would be a comment to it, in quotes or not: so the quotes
    are closed and opened once more between the two.
    """
    return supervisor(re.sub(r"(\s)([;#])", r"\1''\2", shell(words)))


def supervisor_environment(values: Dict[str, object]) -> str:
    """A dict as supervisor's `environment=`; of each value `not_in_environment` was asked."""
    pairs = []
    for name, value in sorted(values.items()):
        quote = "'" if '"' in str(value) else '"'
        pairs.append("%s=%s%s%s" % (name, quote, value, quote))
    return supervisor(",".join(pairs))


def logrotate(value: object) -> str:
    """The beginning of a pattern of logrotate's: a space ends it, and signs match themselves."""
    return re.sub(r"([\s\\*?\[\]{}\"'#])", r"\\\1", str(value))


def systemd(value: object) -> str:
    """A systemd value: `%x` is a specifier there."""
    return str(value).replace("%", "%%")


def systemd_command(words: List[str]) -> str:
    """An argument list as systemd's `ExecStart=`: no variable is looked up, no specifier."""
    quoted = []
    for word in words:
        if not re.match(r"[\w@+=:,./-]+\Z", word):
            word = '"%s"' % word.replace("\\", "\\\\").replace('"', '\\"')
        quoted.append(word)
    return systemd(" ".join(quoted)).replace("$", "$$")


def systemd_environment_file(values: Mapping[str, object]) -> str:
    """A dict as the lines of systemd's `EnvironmentFile=`; any printable value can be carried."""
    lines = []
    for name, value in sorted(values.items()):
        lines.append('%s="%s"\n' % (name, re.sub(r'([\\"`$])', r"\\\1", str(value))))
    return "".join(lines)


def not_in_environment(value: str) -> str:
    """
    Why supervisor's `environment=` cannot carry a value, "" when it can.

    It knows no escape in quotes, strips quotes from both ends of what it found, and takes what
    follows a space and ";" or "#" for a comment.
    """
    if not value.isprintable():
        return "%r" % next(character for character in value if not character.isprintable())
    if '"' in value and "'" in value:
        return "it has both kinds of quotes"
    if value[:1] in ("'", '"') or value[-1:] in ("'", '"'):
        return "it begins or ends with a quote"
    match = re.search(r"\s[;#]", value)
    return "%r would begin a comment" % match.group() if match else ""
