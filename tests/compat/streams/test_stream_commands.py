"""`manage.py streams` and `streams_trim`: options, what is printed, and what is refused."""

import io
import signal

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils import timezone

from compat.streams import epochs, head, publish, publish_many, roll
from compat.streams.management.commands import streams as command
from compat.streams.models import Entry, Stream

pytestmark = pytest.mark.django_db


def said(*words, name="streams", errors=None):
    """Lines that the command prints, with its arguments read as from a shell."""
    one = load_command_class(get_commands()[name], name)
    options = vars(one.create_parser("manage.py", name).parse_args(list(words)))
    for shown in ("stdout", "stderr"):
        options[shown] = io.StringIO()
    options.pop("args", None)
    options["skip_checks"] = True
    try:
        one.execute(**options)
    finally:
        if errors is not None:
            errors.append(options["stderr"].getvalue())
    return options["stdout"].getvalue().splitlines()


def refused(*words, name="streams"):
    with pytest.raises(CommandError) as error:
        said(*words, name=name)
    return str(error.value)


def test_streams_are_listed():
    publish_many("b", ["x", "yz"])
    Stream.objects.create(name="a")
    epoch = epochs.position("b").epoch
    assert said("ls") == ["a\t0\t0\t-", "b\t2\t7\t" + epoch]
    assert said("ls", "b") == ["b\t2\t7\t" + epoch]
    assert refused("ls", "b", "c", "d") == "there is no stream 'c'"


@pytest.mark.parametrize(
    "options, shown",
    [([], range(3, 13)), (["-n", "3"], range(10, 13)), (["-n", "0"], []), (["-n", "99"], None)],
)
def test_the_last_entries_are_shown(monkeypatch, options, shown):
    monkeypatch.setattr(command, "PAGE", 4)
    publish_many("s", range(1, 13))
    shown = range(1, 13) if shown is None else shown
    assert said("tail", "s", *options) == [str(one) for one in shown]
    assert refused("tail", "s", "-n", "-1") == "-n: -1 is not 0 or more"


def test_a_tail_goes_on_and_starts_over(settings, monkeypatch):
    publish_many("s", ["a", "b"])
    settings.STREAMS_POLL_SECONDS = 0.2
    slept = []
    steps = [
        lambda: publish("s", "c"),
        lambda: None,
        lambda: epochs.change_all(),
        lambda: Entry.objects.filter(seq__gt=2).delete(),
        lambda: Stream.objects.update(last_seq=2),
    ]

    def sleep(seconds):
        slept.append(seconds)
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()
        settings.STREAMS_POLL_SECONDS = 3

    monkeypatch.setattr(command.time, "sleep", sleep)
    errors = []
    lines = said("tail", "s", "-n", "1", "--follow", errors=errors)
    again = ['"a"', '"b"', '"c"']
    assert lines == ['"b"', '"c"', *again, '"a"', '"b"']
    assert slept == [0.2] + [0.5] * 5 and errors[0].count("s starts over: its epoch") == 2


def test_a_stream_without_an_epoch_is_not_started_over(monkeypatch):
    Stream.objects.create(name="s")
    steps = [lambda: publish("s", "a"), lambda: publish("s", "b")]

    def sleep(seconds):
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr(command.time, "sleep", sleep)
    errors = []
    assert said("tail", "s", "-f", errors=errors) == ['"a"', '"b"'] and errors == [""]


def test_entries_are_published(settings):
    assert said("publish", "s", '{"a": 1}') == ["1"]
    assert said("publish", "s", "no JSON", "--text") == ["2"]
    assert said("publish", "s", "1", "--key", "k") == ["3"] == said("publish", "s", "2", "--key=k")
    assert said("tail", "s") == ['{"a":1}', '"no JSON"', "1"]
    assert refused("publish", "s", "no JSON").startswith("the body is not JSON (--text: take it")
    settings.STREAMS_MAX_BODY = 3
    assert refused("publish", "s", "12345") == "stream body has 5 characters, STREAMS_MAX_BODY is 3"
    assert refused("publish", "s", "1", "--key", "").startswith("key must be a text")
    assert head("s") == 3


def test_epochs_are_changed():
    publish("a", 1)
    publish("b", 1)
    before = [epochs.position(name).epoch for name in "ab"]
    assert said("epoch", "a") == ["1 streams have new epochs; their readers start over"]
    assert [epochs.position(name).epoch == old for name, old in zip("ab", before)] == [False, True]
    assert said("-v", "0", "epoch", "--all") == []
    assert epochs.position("b").epoch != before[1]
    for wrong in ([], ["a", "--all"]):
        assert refused("epoch", *wrong) == "name streams, or say --all"
    assert refused("epoch", "nobody") == "there is no stream 'nobody'"


@pytest.mark.parametrize(
    "words, why",
    [
        (["tail", "\udcff"], "stream name is not UTF-8: '\\udcff'"),
        (["ls", "a", " b"], "stream name must have no space at either end: ' b'"),
        (["trim", "a", "b\n"], "stream name must have no space at either end: 'b\\n'"),
        ([], "ACTION"),
        (["nothing"], "ACTION"),
    ],
)
def test_what_is_no_name_and_no_action(words, why):
    assert why in refused(*words)


def test_lines_are_printed_in_any_locale():
    class Ascii(io.StringIO):
        encoding = "ascii"

    output = Ascii()
    Stream.objects.create(name="聊")
    call_command(command.Command(), "ls", stdout=output)
    assert output.getvalue() == "\\u804a\t0\t0\t-\n"


# streams_trim


@pytest.mark.parametrize("words", [["streams_trim"], ["streams", "trim"]])
def test_streams_are_trimmed(settings, words):
    name, *action = words

    def trim(*more, first=()):
        return said(*first, *action, *more, name=name)

    for stream in ("a", "b"):
        publish_many(stream, ["x" * 8] * 5)
    assert trim("--max-entries", "3", "--dry-run", "a") == [
        "a would lose 2",
        "2 entries (nothing done)",
    ]
    assert trim("a", "--max-bytes", "40") == ["a lost 1", "1 entries"]
    assert trim("--max-entries", "0", "a", first=["-v", "0"]) == ["a lost 4"]
    settings.STREAMS_KEEP = {"b": {"max_entries": 4}}
    assert trim() == ["b lost 1", "1 entries"] and trim() == ["0 entries"]
    # Options count in the place of the setting.
    Entry.objects.update(created=timezone.now() - timezone.timedelta(days=2))
    assert trim("--max-age", "3d") == ["0 entries"]
    assert trim("--max-age", "47h") == ["b lost 4", "4 entries"]


@pytest.mark.parametrize(
    "option, text, value",
    [
        ("max_age", "45s", 45),
        ("max_age", "30m", 1800),
        ("max_age", "12h", 43200),
        ("max_age", "90D", 7776000),
        ("max_age", "2w", 1209600),
        ("max_entries", "0", 0),
        ("max_bytes", "7", 7),
        ("max_bytes", "500k", 512000),
        ("max_bytes", "64m", 2**26),
        ("max_bytes", "2G", 2**31),
        ("max_bytes", "9" * 15, 10**15 - 1),
        ("max_age", "45", None),
        ("max_entries", "5k", None),
        ("max_entries", "-1", None),
        ("max_bytes", "", None),
        ("max_bytes", "k", None),
        ("max_bytes", "1 k", None),
        ("max_bytes", "1k\n", None),
        ("max_bytes", "9" * 16, None),
    ],
)
def test_limits_as_they_are_typed(monkeypatch, option, text, value):
    given = []
    monkeypatch.setattr(command.streams_trim, "trim_all", lambda *rules: given.append(rules) or 0)
    word = "--%s=%s" % (option.replace("_", "-"), text)
    if value is None:
        why = refused(word, name="streams_trim")
        assert why.startswith("%s: %r is not one of N" % (word.partition("=")[0], text))
        return
    said(word, name="streams_trim")
    ((rules, names, dry_run, _),) = given
    ((pattern, limits),) = rules
    assert (pattern, names, dry_run) == ("*", None, False)
    assert {name: found for name, found in limits._asdict().items() if found is not None} == {
        option: value
    }


def test_there_must_be_something_to_trim(settings):
    Stream.objects.create(name="a")
    for wrong, why in ((None, "no limits: set STREAMS_KEEP, or"), ([1], "STREAMS_KEEP=")):
        settings.STREAMS_KEEP = wrong
        assert refused("a", name="streams_trim").startswith(why)
    assert refused("a", "b", "--max-entries=1", name="streams_trim") == "there is no stream 'b'"


def test_signals_are_left_as_they_are():
    before = signal.getsignal(signal.SIGINT)
    said("ls")
    assert signal.getsignal(signal.SIGINT) is before


def test_who_is_here_is_shown():
    register = roll.Register()
    register.renew()
    ann = ["a", 1.0, {"name": "Ann"}]
    register.write([(roll.digest("s"), roll.Sheet(1, 2, ["a"], [ann]))])
    register.write([(roll.TOTAL, roll.Sheet(3, 4, ["a", "b", "c"], []))])
    assert said("presence", "s") == ["3 here: 1 people, 2 guests", '{"name": "Ann"}']
    assert said("presence") == ["7 here: 3 people, 4 guests"]
    assert said("presence", "nobody's") == ["0 here: 0 people, 0 guests"]
    assert "must have no" in refused("presence", "\x00")
