import re

from django.core.management.base import BaseCommand, CommandError

from ..._settings import KEEP, limits
from ...models import Stream
from ...names import check_storable
from ...retention import policy, trim_all

AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class Command(BaseCommand):
    help = (
        "Removes the oldest entries of streams: by the setting STREAMS_KEEP, or by the limits "
        "given here. Readers that ask for what is gone are told so. Can be interrupted at any time."
    )

    def add_arguments(self, parser):
        add_arguments(parser)

    def handle(self, *args, **options):
        names = options["streams"] or None
        for name in names or ():
            try:
                check_storable(name)
            except ValueError as error:
                raise CommandError(str(error))
            if not Stream.objects.filter(name=name).exists():
                raise CommandError("there is no stream %r" % name)
        rules = self._rules(options)
        would = "would lose" if options["dry_run"] else "lost"
        total = trim_all(
            rules,
            names,
            options["dry_run"],
            lambda name, number: self.stdout.write("%s %s %d" % (name, would, number)),
        )
        if options["verbosity"]:
            self.stdout.write("%d entries%s" % (total, " (nothing done)" * options["dry_run"]))

    def _rules(self, options):
        given = {
            "max_age": number("--max-age", options["max_age"], AGES),
            "max_entries": number("--max-entries", options["max_entries"], {"": 1}),
            "max_bytes": number("--max-bytes", options["max_bytes"], SIZES),
        }
        if any(value is not None for value in given.values()):
            return [("*", limits(**given))]
        problem = KEEP.problem()
        if problem:
            raise CommandError(problem)
        rules = policy()
        if not rules:
            raise CommandError(
                "no limits: set STREAMS_KEEP, or give --max-age, --max-entries, --max-bytes"
            )
        return rules


def add_arguments(parser):
    """Those of this command, for `streams trim`, too."""
    parser.add_argument("streams", nargs="*", metavar="STREAM", help="only these (default: all)")
    parser.add_argument("--max-age", metavar="AGE", help="such as 90d, 12h, 30m or 45s")
    parser.add_argument("--max-entries", metavar="N", help="how many to keep of each stream")
    parser.add_argument("--max-bytes", metavar="SIZE", help="such as 500k, 64m or 2g")
    parser.add_argument("--dry-run", action="store_true", help="only show what would go")


def number(option, text, units):
    """The value of text such as "90d"; None for none. CommandError for anything else."""
    if text is None:
        return None
    match = re.match(r"([0-9]{1,15})([a-z]?)\Z", text.lower())
    if match is None or match.group(2) not in units:
        wanted = ", ".join("N" + unit for unit in units)
        raise CommandError("%s: %r is not one of %s" % (option, text, wanted))
    return int(match.group(1)) * units[match.group(2)]
