"""Entries in memory and their frames: where they are cut."""

import json

import pytest

from compat.streams import entries
from compat.streams.entries import Segment


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(entries, "FRAME_ENTRIES", 4)
    monkeypatch.setattr(entries, "FRAME_CHARACTERS", 20)


def state(segment):
    return segment.first, "".join(segment.bodies), segment.last, segment.size


def test_a_segment_knows_what_it_holds():
    empty = Segment(5)
    assert state(empty) == (5, "", 4, 0)
    assert not any(map(empty.holds, (4, 5)))
    segment = Segment(5, ["a", "b"])
    segment.extend(["c"])
    assert state(segment) == (5, "abc", 7, 3)
    assert [seq for seq in range(3, 10) if segment.holds(seq)] == [5, 6, 7]


@pytest.mark.parametrize(
    "bodies, entries, characters, left",
    [
        ("abcdef", 6, 6, "abcdef"),  # neither is exceeded
        ("abcdef", 5, 6, "ef"),  # half of the number
        ("abcdef", 6, 5, "ef"),  # half of the size
        ("abcdef", 5, 2, "f"),
        ("abcdef", 0, 0, "f"),  # the last one stays
        ("abcdefg", 6, 99, "efg"),
    ],
)
def test_old_entries_are_forgotten_half_at_a_time(bodies, entries, characters, left):
    segment = Segment(1, list(bodies))
    segment.trim(entries, characters)
    assert state(segment) == (len(bodies) - len(left) + 1, left, len(bodies), len(left))


def test_a_frame_has_so_many_entries():
    segment = Segment(11, list("abcdef"))
    assert segment.take(11) == list("abcd")
    assert segment.take(14) == list("def")
    assert segment.take(16) == ["f"]


@pytest.mark.parametrize(
    "sizes, taken",
    [
        ([9, 9], 2),  # with a comma each
        ([9, 10], 1),
        ([19, 1], 1),
        ([50, 1], 1),  # one at least
        ([4, 4, 4, 4], 4),
        ([4, 4, 10, 1], 2),
    ],
)
def test_a_frame_has_so_many_characters(sizes, taken):
    segment = Segment(1, ["x" * size for size in sizes])
    assert len(segment.take(1)) == taken


def test_frames_are_as_the_page_says():
    text = entries.entries_frame('a"b', 7, ["1", '{"x":2}'], "e1")
    assert json.loads(text) == {
        "type": "entries",
        "stream": 'a"b',
        "epoch": "e1",
        "first": 7,
        "bodies": [1, {"x": 2}],
    }
    assert entries.frame("gap", oldest=3) == '{"type":"gap","oldest":3}'


def test_an_entry_that_cannot_be_rendered_harms_no_other(caplog):
    def render(body):
        if body == 2:
            raise ValueError("no two")
        return None if body == 3 else "" if body == 4 else "text %d" % body

    found = entries.message_frames(["1", "2", "3", "4", "5"], render)
    assert [json.loads(text)["message"] for text in found] == ["text 1", "", "text 5"]
    assert caplog.text.count("could not be rendered") == 1
