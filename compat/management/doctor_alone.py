"""`python -m compat doctor`: the command where manage.py does not start."""

import os
import re
import sys
from typing import List

NAMED = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)")


def main(arguments: List[str]) -> int:
    """Run the command; its exit status. Settings that cannot be loaded are what it may find."""
    from .. import install

    install()
    import django
    from django.conf import settings
    from django.core.management.base import CommandError
    from django.utils.functional import empty

    from .commands.doctor import Command

    if "DJANGO_SETTINGS_MODULE" not in os.environ and named():
        os.environ["DJANGO_SETTINGS_MODULE"] = named()
    try:
        django.setup()
    except (Exception, SystemExit):  # a child process says of what kind
        settings._wrapped = empty
        settings.configure()
    command = Command()
    command._called_from_command_line = True  # argparse says what is wrong with a word
    parser = command.create_parser("python -m %s" % __name__.partition(".")[0], "doctor")
    options = vars(parser.parse_args(arguments))
    options.pop("args", None)
    try:
        command.handle(**options)
    except CommandError as error:
        sys.stderr.write("CommandError: %s\n" % error)
        return 1
    return 0


def named() -> str:
    """The settings module that manage.py names; "" for none."""
    try:
        with open("manage.py", encoding="utf-8") as file:
            found = NAMED.search(file.read())
    except (OSError, UnicodeDecodeError):
        return ""
    return found.group(1) if found else ""
