"""`manage.py bridge init`: what `python -m django_bridge init` does, once the app is there."""

import os

from django.core.management.base import BaseCommand, CommandError

from ...init import command
from ...init.errors import InitError

VARIABLE = "DJANGO_SETTINGS_MODULE"


class Command(BaseCommand):
    help = command.HELP
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("action", choices=["init"], help=command.HELP)
        command.add_arguments(parser)

    def handle(self, *args, **options):
        # manage.py has set it by now; what counts is what was exported, and what wsgi.py says.
        if not exported():
            os.environ.pop(VARIABLE, None)
        try:
            rows = command.run(
                options["directory"] or os.getcwd(),
                options["settings"],
                options["write"],
                options["undo"],
            )
        except InitError as error:
            raise CommandError(str(error))
        for row in rows:
            self.stdout.write(row)


def exported():
    """Whether the shell, not manage.py, has set the variable."""
    try:
        with open("/proc/self/environ", "rb") as file:
            return (VARIABLE + "=").encode() in [
                one.partition(b"=")[0] + b"=" for one in file.read().split(b"\0")
            ]
    except OSError:
        return False
