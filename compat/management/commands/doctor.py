"""`manage.py doctor`: what is wrong with the site that runs here, and which line to change."""

import json
import os
import sys

from django.core.management.base import BaseCommand, CommandError

from ...doctor import examined, report, wire

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Look at the site as it runs on this machine, and say what is wrong, causes first, and "
        "what to change. Changes nothing. Exits with 1 if it found something, with 2 if too little "
        "could be seen to say that nothing is wrong."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--url", default="", help="the public address, to look from outside")
        parser.add_argument(
            "--path",
            default="",
            help="the path of a WebSocket; default DEPLOY_CONF_WEBSOCKET_PROBE, else /ws/",
        )
        parser.add_argument(
            "--health", default="", help="the URL that a balancer checks, http://10.0.0.2/healthz"
        )
        parser.add_argument(
            "--directory", default="", help="the site's folder; default the one of manage.py"
        )
        parser.add_argument(
            "--no-wait",
            action="store_false",
            dest="wait",
            help="do not wait on an idle WebSocket for daphne's ping, up to half a minute",
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args, **options):
        for name in ("url", "health"):
            if options[name]:
                try:
                    wire.of_url(options[name])
                except ValueError as error:
                    raise CommandError("--%s: %s" % (name, error))
        if options["path"] and not options["path"].startswith("/"):
            raise CommandError("--path: %r does not begin with /" % options["path"])
        if not options["path"].isprintable() or " " in options["path"]:
            raise CommandError("--path: %r is no path of a URL" % options["path"])
        folder = os.path.abspath(options["directory"] or own_folder())
        if not os.path.isdir(folder):
            raise CommandError("--directory: there is no %s" % folder)
        asked = options["url"], options["path"], options["health"], options["wait"]
        site = examined.Site(examined.Options(folder, *asked))
        terminal = sys.stderr.isatty() and not options["json"]
        try:
            found = report.examine(site, self.progress if terminal else lambda id: None)
        except KeyboardInterrupt:
            sys.stderr.write("doctor: interrupted\n")
            sys.exit(INTERRUPTED)
        try:
            if options["json"]:
                self.stdout.write(json.dumps(found.as_dict(), indent=2, sort_keys=True))
            else:
                rows = report.lines(found, self.style.ERROR, self.style.MIGRATE_HEADING)
                self.stdout.write("\n".join(rows))
            self.stdout.flush()
        except BrokenPipeError:  # `| head` has read enough; nothing is to be written at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if found.status:
            sys.exit(found.status)

    def progress(self, id):
        sys.stderr.write("\r%-40s\r" % id)
        sys.stderr.flush()


def own_folder():
    """Where manage.py is; the current folder for django-admin."""
    program = os.path.abspath(sys.argv[0])
    return os.path.dirname(program) if program.endswith("manage.py") else os.getcwd()
