"""`manage.py compat`: what was repaired in this process, and why."""

import importlib
import json
import textwrap
from collections import OrderedDict

from django.core.management.base import BaseCommand, CommandError

from ... import patches, report
from ...advisories import table, vex
from ...advisories.verdicts import outcomes


class Command(BaseCommand):
    help = "List every repair of the bridge: its state in this process, its symptom and its source."
    requires_system_checks = False

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        parser.add_argument(
            "--markdown",
            action="store_true",
            help="print what each repair is for, the same on every machine, as Markdown",
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
            "--time",
            help="the time that --vex writes, as 2026-11-23T00:00:00Z or in seconds since 1970",
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
        if options["markdown"]:
            self.stdout.write(markdown(patches.every()))
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
        if options["vex"]:
            try:
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


def markdown(every):
    """A page with a table of patches for each library; nothing in it depends on this process."""
    lines = [
        "# What the bridge repairs",
        "",
        "The patches' own records, grouped by library, as "
        "`python manage.py compat --markdown > docs/reference/patches.md` writes them.",
    ]
    for library in sorted({patch.package for patch in every}):
        rows = [row(patch) for patch in every if patch.package == library]
        lines += ["", "## " + library, "", cells(rows[0]), cells(["---"] * len(rows[0]))]
        lines += [cells(found.values()) for found in rows]
    return "\n".join(lines)


def row(patch):
    """What the page says about a patch: column → Markdown."""
    versions = [code(patch.versions)]
    versions += ["%s %s" % (name, code(which)) for name, which in sorted(patch.requires.items())]
    columns = OrderedDict([("patch", code(patch.name))])
    if patch.package == "python":
        columns["Python"] = code(patch.versions)
    else:
        columns["versions"] = "; ".join(versions)
        columns["Python"] = code(patch.python)
    columns["symptom"] = escape(patch.symptom)
    columns["source"] = "[link](%s)" % patch.record()["link"]
    return columns


def cells(texts):
    return "| %s |" % " | ".join(texts)


def code(text):
    return "`%s`" % text if text else "any"


def escape(text):
    """Text that Markdown shows as it is, in a cell of a table; words in backticks are code."""
    for sign in ("\\", "|", "*", "<", "__"):
        text = text.replace(sign, "\\" + sign)
    return text
