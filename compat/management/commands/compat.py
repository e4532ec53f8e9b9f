"""`manage.py compat`: what was repaired in this process, and why."""

import importlib
import json
import os
import sys
import textwrap

from django.core.management.base import BaseCommand, CommandError

from ... import report
from ...advisories import sbom, table, vex
from ...advisories.verdicts import outcomes
from ...checks.patches import counts
from .. import pages


class Command(BaseCommand):
    help = "List every repair of the bridge: its state in this process, its symptom and its source."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        parser.add_argument(
            "--markdown",
            nargs="?",
            const="patches",
            choices=list(pages.PAGES),
            help="print a page of docs/reference, the same on every machine: what each repair is "
            "for (default), what can be set, what the checks say, or what close codes mean",
        )
        parser.add_argument(
            "--cves",
            action="store_true",
            help="list every advisory on the pinned stack, and its state in this process",
        )
        parser.add_argument(
            "--vex",
            choices=["openvex", "cyclonedx"],
            help="print the same for scanners, as a VEX document; imports what patches wait for",
        )
        parser.add_argument(
            "--sbom",
            choices=["cyclonedx"],
            help="print every package of this environment, as a bill of materials",
        )
        parser.add_argument(
            "--time",
            help="the time that --vex and --sbom write, as 2026-11-23T00:00:00Z or in seconds "
            "since 1970",
        )
        parser.add_argument(
            "--import",
            action="append",
            default=[],
            dest="imports",
            metavar="MODULE",
            help="import this module first, to see its repairs applied (repeatable)",
        )

    def handle(self, *args, **options):
        try:
            self.say(options)
            self.stdout.flush()
        except BrokenPipeError:  # `| head` has read enough; nothing is to be written at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def say(self, options):
        if options["markdown"]:
            self.stdout.write(pages.PAGES[options["markdown"]]())
            return
        # Patches wait for their target; what this site runs on is what the list should show.
        for module in ["channels.http", "daphne.server", "channels_redis.core"]:
            try:
                importlib.import_module(module)
            except ImportError:
                pass  # not installed: the patch says so
        for module in options["imports"]:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise CommandError("--import %s: %s" % (module, error))
        if options["vex"] or options["sbom"]:
            try:
                if options["sbom"]:
                    self.stdout.write(sbom.document(options["time"]))
                else:
                    self.stdout.write(vex.document(options["vex"], options["time"]))
            except vex.BadTime as error:
                raise CommandError(str(error))
            return
        if options["cves"]:
            found = outcomes()
            if options["json"]:
                self.stdout.write(json.dumps(table.as_dicts(found), indent=2, sort_keys=True))
            else:
                self.stdout.write("\n".join(table.lines(found)))
            return
        records = report()
        if options["json"]:
            self.stdout.write(json.dumps(records, indent=2, sort_keys=True))
            return
        self.table(records)

    def table(self, records):
        width = max([len(record["name"]) for record in records] or [0])
        for record in records:
            what = "%s %s" % (record["library"], record["installed"] or "(absent)")
            self.stdout.write(
                "%-10s  %-*s  %-24s  %s"
                % (record["state"], width, record["name"], what, record["symptom"])
            )
            details = [record["reason"], record["link"]]
            for line in filter(None, details):
                self.stdout.write(textwrap.indent(line, " " * 12))
        self.stdout.write("%d repairs: %s" % (len(records), counts(records)))
