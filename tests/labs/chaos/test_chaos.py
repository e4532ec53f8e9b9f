"""A short run of `make chaos`: one fault of each kind that a loaded machine recovers from soon."""

from tests.support.books import Book
from tests.support.clients import WAYS

from . import engines, ledger
from .faults import ALL
from .run import Chaos

SOON = [
    "kill daphne",
    "kill uwsgi worker",
    "kill runner",
    "kill publisher",
    "kill redis",
    "kill nginx",
    "stop daphne",
    "redis out of memory",
    "cut clients off",
    "clients fall silent",
    "another epoch",
]


def test_nothing_is_lost(tmp_path):
    assert set(SOON) < set(ALL)
    report = Chaos(tmp_path, 20261127, 1500, 4, 8, len(SOON), 14, only=SOON, visitors=1).run()
    assert report["faults"] == len(SOON)
    assert {name for _, name, _ in report["timeline"]} == set(SOON)
    assert report["committed"] >= 1400 and report["delivered"] > 0
    assert set(report["by"]) == set(WAYS) and report["followed"] > report["readers"]
    assert report["connections"] > report["readers"]  # they were cut off, and came back
    assert report["silences"] and report["resets"]
    assert (report["missing"], report["duplicated"], report["wrong"]) == (0, 0, [])
    assert not any(note.startswith("failed") for _, _, note in report["timeline"])


def test_a_system_without_a_log_is_found_out(tmp_path):
    """Readers who cannot say where they were, as behind a channel layer alone."""
    run = Suspicious(
        tmp_path,
        20261127,
        300,
        2,
        8,
        3,
        6,
        only=["cut clients off"],
        deaf=True,
        visitors=0,
        way="none",
        daphnes=1,
    )
    report = run.run()
    assert report["missing"] > 0
    assert not [line for line in report["wrong"] if line.startswith("who publishes")]
    # Nor does a setting that did not reach the servers remain unseen.
    assert [line for line in run.doubts if line.startswith("daphne ")][0].endswith(" has none")
    assert [line for line in run.doubts if line.startswith("uwsgi ")][0].endswith(" has none")
    assert run.doubts[-1] == "Redis carries b'*0\\r\\n'"


class Suspicious(Chaos):
    """Looks for what speaks against another engine, too."""

    doubts = ()

    def _check_engine(self):  # before anything is published, which would be over meanwhile
        super()._check_engine()
        self.doubts = self.doubts or engines.problems(self.faults, self.stack.var, "layer")


def test_who_publishes_says_how_it_notifies(tmp_path):
    path = str(tmp_path / "p0.ledger")
    for way in ("none", "layer"):
        book = ledger.Ledger(path)
        book.begins(way)
        book.tries(way, "s", 1)
    assert ledger.ways(path) == {"none", "layer"} and set(ledger.read(path)[0]) == {"none", "layer"}


LOG = [(1, "a"), (2, "b"), (3, None)]


def book(*frames):
    made = Book("web")
    for kind, epoch, *more in frames:
        frame = {"type": kind, "stream": "deploy:web", "epoch": epoch}
        if kind == "entries":
            frame.update(first=more[0], bodies=[{"id": one} for one in more[1]])
        made.take(frame)
    return made


ALL_OF_IT = "entries", "e2", 1, ["a", "b", None]


def test_a_book_that_is_right():
    before = ("entries", "e1", 1, ["a"])
    for frames in ([ALL_OF_IT], [before, ("reset", "e2"), ALL_OF_IT], [("reset", "e2"), ALL_OF_IT]):
        assert book(*frames).compare(LOG) == (0, 0, [])
    assert book(ALL_OF_IT).cursor == "e2:3"


def test_what_is_wrong_in_a_book_is_told():
    assert book(("entries", "e1", 1, ["a", "b"])).compare(LOG)[0] == 1
    # Also in an epoch that is over.
    hole = ("entries", "e1", 2, ["b"])
    missing, twice, wrong = book(hole, ("reset", "e2"), ALL_OF_IT).compare(LOG)
    assert (missing, twice) == (1, 0) and "entry 2 came after 0" in wrong
    again = ("entries", "e1", 1, ["a"])
    missing, twice, wrong = book(again, again, ("reset", "e2"), ALL_OF_IT).compare(LOG)
    assert (missing, twice) == (0, 1) and "entry 1 came after 1" in wrong
    assert "without a reset" in book(again, ALL_OF_IT).faults[0]
    assert "came again" in book(again, ("reset", "e2"), ("reset", "e1")).faults[0]
    turned = book(("entries", "e2", 1, ["b", "a", None]))
    assert turned.compare(LOG)[0] == 2
    told = book(ALL_OF_IT)
    told.came_with("e2:2")
    assert told.compare(LOG) == (0, 0, ["told to come back with e2:2, not e2:3"])
