"""`manage.py streams`: look at streams and who is there, publish, trim, give them new epochs."""

import argparse
import json
import os
import time

from django.core.management.base import BaseCommand, CommandError

from ... import epochs, presence, publish, read
from ..._settings import POLL_SECONDS
from ...models import Stream
from ...names import check_storable
from . import streams_trim

PAGE = 500


class Command(BaseCommand):
    help = (
        "ls: streams with their heads. tail: the last entries of one, and what comes. publish: "
        "append to one. trim: as streams_trim. epoch: tell readers that what they have may not be "
        "in the log any more, after a backup of the database was restored. presence: who follows."
    )

    def add_arguments(self, parser):
        actions = parser.add_subparsers(
            dest="action", metavar="ACTION", parser_class=argparse.ArgumentParser
        )
        actions.required = True
        ls = actions.add_parser("ls", help="each stream: name, head, characters kept, epoch")
        ls.add_argument("names", nargs="*", metavar="STREAM", help="only these (default: all)")
        tail = actions.add_parser("tail", help="print the last entries, one JSON text a line")
        tail.add_argument("name", metavar="STREAM")
        tail.add_argument("-n", type=int, default=10, metavar="N", help="how many (default: 10)")
        tail.add_argument("-f", "--follow", action="store_true", help="and those that come")
        add = actions.add_parser("publish", help="append an entry; prints its number")
        add.add_argument("name", metavar="STREAM")
        add.add_argument("body", metavar="JSON", help="text that is no JSON: see --text")
        add.add_argument("--key", help="append once, however often this is repeated")
        add.add_argument("--text", action="store_true", help="the body is this text as it is")
        trim = actions.add_parser("trim", help="remove the oldest entries, as streams_trim does")
        streams_trim.add_arguments(trim)
        epoch = actions.add_parser(
            "epoch", help="give streams new epochs: every reader starts over with what is there"
        )
        epoch.add_argument("names", nargs="*", metavar="STREAM")
        epoch.add_argument("--all", action="store_true", help="every stream")

        here = actions.add_parser(
            "presence", help="how many follow a stream that has presence, and what is shown of them"
        )
        here.add_argument(
            "name", metavar="STREAM", nargs="?", help="default: all together, without names"
        )

    def handle(self, *args, **options):
        for key in ("names", "streams"):
            if options.get(key):
                options[key] = [name_of(name) for name in options[key]]
        if options.get("name"):
            options["name"] = name_of(options["name"])
        try:
            getattr(self, "do_" + options["action"])(options)
        except KeyboardInterrupt:  # how somebody ends `tail -f`
            pass

    def do_ls(self, options):
        streams = Stream.objects.order_by("name")
        if options["names"]:
            must_exist(options["names"])
            streams = streams.filter(name__in=options["names"])
        for row in streams.values_list("name", "last_seq", "size", "epoch").iterator():
            self.say("%s\t%d\t%d\t%s" % (row[:3] + (row[3] or "-",)))

    def do_tail(self, options):
        name, count = options["name"], options["n"]
        if count < 0:
            raise CommandError("-n: %d is not 0 or more" % count)
        place = epochs.position(name)
        since = max(0, place.seq - count)
        while True:
            rows = read(name, since, PAGE)
            for row in rows:
                self.say(row.json_text)
                since = row.seq
            if rows:
                continue
            if not options["follow"]:
                return
            self.stdout.flush()
            time.sleep(min(POLL_SECONDS(), 0.5))
            now = epochs.position(name)
            if now.seq < since or (place.epoch and now.epoch != place.epoch):
                self.stderr.write("%s starts over: its epoch is another one now" % name)
                since = 0
            place = now

    def do_publish(self, options):
        body = options["body"]
        if not options["text"]:
            try:
                body = json.loads(body)
            except ValueError as error:
                raise CommandError("the body is not JSON (--text: take it as text): %s" % error)
        try:
            self.say("%d" % publish(options["name"], body, options["key"]))
        except (TypeError, ValueError) as error:
            raise CommandError(str(error))

    def do_trim(self, options):
        command = streams_trim.Command(stdout=self.stdout, stderr=self.stderr)
        command.handle(**options)

    def do_epoch(self, options):
        if bool(options["names"]) == options["all"]:
            raise CommandError("name streams, or say --all")
        must_exist(options["names"])
        changed = epochs.change_all(options["names"] or None)
        if options["verbosity"]:
            self.say("%d streams have new epochs; their readers start over" % len(changed))

    def do_presence(self, options):
        here = presence(options["name"])
        if options["verbosity"]:
            self.say("%d here: %d people, %d guests" % here[:3])
        for shown in here.who:
            self.say(json.dumps(shown))

    def say(self, line):
        """A line, also where the locale has no such letters."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))


def name_of(text):
    """The name that was typed; Python 3.6 without a UTF-8 locale hands over its bytes."""
    try:
        return check_storable(os.fsencode(text).decode("utf-8"))
    except UnicodeDecodeError:
        raise CommandError("stream name is not UTF-8: %a" % text)
    except ValueError as error:
        raise CommandError(str(error))


def must_exist(names):
    """CommandError for the first that does not."""
    for name in names:
        if not Stream.objects.filter(name=name).exists():
            raise CommandError("there is no stream %r" % name)
