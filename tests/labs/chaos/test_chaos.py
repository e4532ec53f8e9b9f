"""A short run of `make chaos`: one fault of each kind that a loaded machine recovers from soon."""

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
]
CUTS = ["cut clients off", "kill daphne"]


def test_nothing_is_lost(tmp_path):
    assert set(SOON) < set(ALL)
    report = Chaos(tmp_path, 20261127, 1500, 4, 8, len(SOON), 20, only=SOON).run()
    assert report["faults"] == len(SOON)
    assert {name for _, name, _ in report["timeline"]} == set(SOON)
    assert report["committed"] >= 1400 and report["delivered"] > 0
    assert report["connections"] > report["readers"]  # they were cut off, and came back
    assert (report["missing"], report["duplicated"], report["wrong"]) == (0, 0, [])
    assert not any(note.startswith("failed") for _, _, note in report["timeline"])


def test_a_system_without_a_log_is_found_out(tmp_path):
    """Readers who cannot say where they were, as behind a channel layer alone."""
    report = Chaos(tmp_path, 20261127, 600, 2, 8, 6, 10, only=CUTS, deaf=True).run()
    assert report["missing"] > 0
