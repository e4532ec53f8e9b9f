"""The log itself, on each database."""

import json

import pytest

from tests.support.wait import wait_until


@pytest.fixture
def site(make_site, database):
    return make_site(database)


def test_append_and_read(site, stream):
    result = site.run("append_and_read", stream)
    assert result["empty"] == [0, []]
    assert result["first"] == 1
    assert result["range"] == [2, 1201]
    assert result["head"] == 1201
    assert result["none"] == 1202
    seq, body, text = result["text"]
    assert (seq, body) == (1, {"text": "übung \U0001f600 \x00 \u2028"})
    assert text.isascii() if hasattr(text, "isascii") else text.encode("ascii")
    assert result["page"] == list(range(601, 1101))
    assert result["end"] == []
    assert result["models"] == [1202, 1202]
    # Names differ by case, on MySQL too.
    assert result["other"] == [1, 1, 1202]


def test_bodies_may_hold_what_djangos_encoder_takes(site, stream):
    found, expected = site.run("bodies_of_django", stream)
    assert found == expected and len(found) == 9
    assert found[0] == "2026-11-29T18:05:00.123" and found[5] == "1.10" and found[7] == "Yes"


def test_bad_input_is_one_line_and_writes_nothing(site, stream):
    errors, head, rows = site.run("bad_input", stream)
    assert (head, rows) == (0, 0)
    kinds = [error.split(":")[0] for error in errors]
    assert kinds == (
        ["ValueError"] * 6 + ["TypeError"] * 4 + ["ValueError"] * 2 + ["TypeError"] * 3
        + ["ValueError"] * 4
    )  # fmt: skip
    assert not [error for error in errors if "\n" in error]
    assert errors[3] == "ValueError: stream name must have no '\\ud800': 'a\\ud800'"
    assert errors[1] == "ValueError: stream name must have 1 to 190 characters, not 191"
    assert "not JSON-serialisable" in errors[6]
    assert "STREAMS_MAX_BODY" in errors[10]


def test_names_in_any_script(site, stream):
    # On MySQL this site's connection speaks what Django makes it speak, "utf8".
    beyond = not site.database["ENGINE"].endswith(".mysql")
    seen, count, error = site.run("names_in_any_script", stream, beyond)
    assert seen == [[number, True] for number in range(1, count + 1)]
    assert (error is None) == beyond
    assert beyond or error.endswith("""{"charset": "utf8mb4"}: '\\U0001f600'""")


def test_names_beyond_what_mysql_calls_utf8(make_site, mysql_settings, stream):
    site = make_site(dict(mysql_settings, OPTIONS={"charset": "utf8mb4"}))
    seen, count, error = site.run("names_in_any_script", stream, True)
    assert seen == [[number, True] for number in range(1, count + 1)] and error is None


def test_outer_transaction(site, stream):
    after_rollback, seqs, inside, told, rows = site.run("outer_transaction", stream)
    assert after_rollback == [0, 0]
    assert seqs == [1, 2]
    # Announced at the outermost commit, and only what was committed.
    assert inside == 0
    assert told == [1, 2]
    assert rows == [[1, "a"], [2, "b"]]


@pytest.mark.parametrize("atomic", [False, True], ids=["alone", "in-atomic"])
def test_many_writers_leave_no_gap(site, stream, atomic):
    """Processes × threads that also race to create the stream."""
    writers = [site.spawn("write", stream, 4, 10, 5, atomic) for _ in range(3)]
    ranges = []
    for writer in writers:
        output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors[-3000:]
        got, failed = json.loads(output.strip().splitlines()[-1])
        assert failed == []
        ranges += got
    assert len(ranges) == 120
    seqs = [seq for first, last in ranges for seq in range(first, last + 1)]
    assert sorted(seqs) == list(range(1, 601))
    rows = site.run("everything", stream)
    assert [seq for seq, _ in rows] == list(range(1, 601))
    # A batch is contiguous and every writer's entries are in the order it wrote them.
    for first in range(0, 600, 5):
        assert [body[3] for _, body in rows[first : first + 5]] == [0, 1, 2, 3, 4]
    turns = {}
    for _, (pid, number, turn, _) in rows:
        assert turns.get((pid, number), 0) <= turn
        turns[pid, number] = turn
    assert len(turns) == 12


def test_with_a_key_it_is_published_once(site, stream):
    results, bodies, forgotten, wrong, head = site.run("repeated", stream)
    assert results == [1, 1, 2, [3, 5], [3, 5], 1, 6, 6, 7, 8, 9, 9]
    assert bodies == [1, 3] + ["xyz"] * 3 + ["c", "d"]
    assert forgotten and head == 9
    assert wrong == [f"ValueError: key must be a text, not {key}" for key in ("''", "1", "b'x'")]


@pytest.mark.parametrize("atomic", [False, True], ids=["alone", "in-atomic"])
def test_many_who_publish_with_the_same_keys(site, stream, atomic):
    """Each key once, and everybody is told the same number."""
    writers = [site.spawn("write_keys", stream, 3, 20, atomic) for _ in range(2)]
    results = []
    for writer in writers:
        output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors[-3000:]
        numbers, failed = json.loads(output.strip().splitlines()[-1])
        assert failed == []
        results.append(numbers)
    assert results[0] == results[1] and all(len(numbers) == 1 for numbers in results[0])
    rows = site.run("everything", stream)
    assert [[seq] for seq, _ in rows] == sorted(results[0])
    assert sorted(body for _, body in rows) == list(range(20))


def test_readers_never_see_a_hole(site, stream, tmp_path):
    ready = tmp_path / "ready"
    reader = site.spawn("reader_during_append", stream, str(ready))
    wait_until(ready.exists, what="the reader's start")
    writers = [site.spawn("write", stream, 2, 50, 2) for _ in range(2)]
    for process in writers + [reader]:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors[-3000:]
    assert output.strip().splitlines()[-1] == "400"


@pytest.mark.parametrize("database", ["postgresql", "mysql"], indirect=True)
def test_a_connection_that_died_while_idle(site, stream):
    seq, rows = site.run("lost_connection", stream)
    assert seq == 2
    assert rows == [[1, 1], [2, 2]]


def test_snapshots_that_do_not_see_a_new_stream(make_site, postgresql_settings, stream):
    """Above READ COMMITTED writers that create one stream at once try again."""
    repeatable = dict(postgresql_settings, OPTIONS={"isolation_level": 2})
    ranges, errors = make_site(repeatable).run("write", stream, 6, 3, 1)
    assert errors == []
    assert sorted(ranges) == [[seq, seq] for seq in range(1, 19)]


def test_mysql_does_not_count_from_the_beginning(make_site, mysql_settings, stream):
    rows, seqs, trimmed, last = make_site(mysql_settings).run("looked_at", stream)
    assert rows < 100 and seqs == list(range(3001, 3011))
    assert trimmed == [3501, 3502, 3503] and last == 10
