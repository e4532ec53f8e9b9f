"""Quoting for each configuration language. Values were checked by options.py before."""

import shlex


def nginx(value):
    """A double-quoted nginx word; `$` never gets here, so nothing is interpolated."""
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def redis(value):
    """A double-quoted Redis word."""
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def uwsgi(value):
    """A uWSGI ini value: `%x` is a magic variable there."""
    return str(value).replace("%", "%%")


def supervisor(value, passes=1):
    """A supervisor value; `passes` counts how often supervisor expands `%` in that option."""
    return str(value).replace("%", "%" * 2**passes)


def shell(words):
    """An argument list for /bin/sh."""
    return " ".join(shlex.quote(word) for word in words)


def supervisor_command(words):
    """An argument list as supervisor's `command=`, which it splits like a shell."""
    return supervisor(shell(words))


def supervisor_environment(values):
    """A dict as supervisor's `environment=`."""
    return supervisor(",".join('%s="%s"' % pair for pair in sorted(values.items())))
