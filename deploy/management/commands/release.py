import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deploy.release import Release, ReleaseFailed
from deploy.settings import VAR


class Command(BaseCommand):
    help = (
        "Releases this checkout: exports HEAD to var/releases/<UTC time>, byte-compiles it, runs "
        "its checks, makes var/current point to it, and keeps the last five. A step that fails "
        "leaves var/current as it was."
    )
    # The new tree is checked, not this one.
    requires_system_checks = False

    def handle(self, *args, **options):
        var = VAR()
        if not var:
            raise CommandError("Not released: DEVOPS_VAR does not say where releases are kept.")
        colour = not options["no_color"] and wants_colour(os.environ, sys.stdout)
        try:
            Release(settings.BASE_DIR, var, self._write, colour).run()
        except ReleaseFailed as error:
            raise CommandError(f"Not released: {error}.")
        except OSError as error:
            raise CommandError(f"Not released: {error}.")

    def _write(self, text):
        # Bytes: the log is UTF-8, whatever locale the runner was started in.
        stream = getattr(self.stdout._out, "buffer", None)
        if stream is None:
            self.stdout._out.write(text)
        else:
            stream.write(text.encode("utf-8"))
        self.stdout._out.flush()


def wants_colour(environment, stream):
    """Tell whether to write ANSI colours: FORCE_COLOR and NO_COLOR decide, else a terminal does."""
    if "NO_COLOR" in environment:
        return False
    if "FORCE_COLOR" in environment:
        return environment["FORCE_COLOR"] != "0"
    return stream.isatty()
