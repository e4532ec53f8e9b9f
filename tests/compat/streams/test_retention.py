"""How much of a stream is kept."""

import json
import signal

import pytest
import websocket

from tests.support.servers import HOST


@pytest.fixture
def site(make_site, database):
    return make_site(database)


def test_by_number(site, stream):
    missing, nothing, plenty, five, none, again = site.run("trim_by_number", stream)
    assert (missing, nothing) == (1, 0)
    assert plenty == [0, 1, 2500, list(range(1, 2501)), True]
    assert five == [2495, 2496, 2500, list(range(2496, 2501)), True]
    assert none == [5, 2501, 2500, [], True]
    # The numbers go on.
    assert again == [2501, 2501]


def test_by_age(site, stream):
    young, endless, some, everything = site.run("trim_by_age", stream)
    assert young == endless == [0, 1, 100, list(range(1, 101)), True]
    assert some == [37, 38, 100, list(range(38, 101)), True]
    assert everything == [63, 101, 100, [], True]


def test_by_age_at_every_entry(make_site, sqlite_settings, stream):
    results = make_site(sqlite_settings).run("trim_by_age_at_every_entry", stream, 12)
    assert results == [[place] * 3 for place in range(13)]


def test_by_age_where_not_all_is_well(site, stream):
    # Ten are missing when all up to 59 are old, and ten more, up to 70, at the end.
    results = site.run("trim_by_age_where_not_all_is_well", stream)
    assert results == [0, 0, 49, 60, 1, 71]


def test_by_size(site, stream):
    fits, half, none = site.run("trim_by_size", stream)
    assert fits[:3] == [0, 1, 2000]
    assert half == [1600, 1601, 2000, list(range(1601, 2001)), True]
    assert none == [400, 2001, 2000, [], True]


def test_trimmers_and_writers_at_once(site, stream):
    errors, (oldest, head, seqs, exact) = site.run("trim_while_others_write_and_trim", stream)
    assert errors == []
    assert head == 1 + 2 * 20 * 25
    assert seqs == list(range(head - 9, head + 1))
    assert oldest == head - 9
    assert exact


def test_a_stream_of_before(site, stream):
    assert site.run("backfilled", stream) == [1, 2, [1, 2], True]


def test_the_command(make_site, sqlite_settings, tmp_path, stream):
    site = make_site(dict(sqlite_settings, NAME=str(tmp_path / "own.sqlite3")))
    site.run("migrate")
    results = site.run("trim_by_command", stream)
    no_rule, bad_age, bad_size, unknown = results[:4]
    assert no_rule.startswith("no limits: set STREAMS_KEEP")
    assert bad_age == "--max-age: '3 days' is not one of Ns, Nm, Nh, Nd, Nw"
    assert bad_size == "--max-bytes: '1x' is not one of N, Nk, Nm, Ng"
    assert unknown == "there is no stream 'nobody'"
    dry, one, rest, by_hand = results[4:8]
    other = stream + "-b"
    assert dry == [
        "%s would lose 20" % stream,
        "%s would lose 20" % other,
        "40 entries (nothing done)",
    ]
    assert one == ["%s lost 20" % stream, "20 entries"]
    assert rest == ["%s lost 20" % other, "20 entries"]
    assert by_hand == ["%s lost 7" % other, "7 entries"]
    assert all(said.startswith("STREAMS_KEEP=") for said in results[8:12])
    assert [said.rpartition(" (")[2] for said in results[8:12]] == [
        "list is not a dict)",
        "'*': limits() got an unexpected keyword argument 'max_count')",
        "'*': max_bytes must be a number, 0 or more, not -1)",
        results[11].rpartition(" (")[2],
    ]
    assert results[12:] == [[21, 30], [28, 30], [1, 30]]


def test_the_command_and_what_is_no_name(site, stream):
    assert site.run("trim_what_is_no_name", stream) == [
        "stream name must have no '\\n': 'n\\xe4ch\\nste'",
        "stream name must have 1 to 190 characters, not 191",
        "there is no stream %r" % stream,
    ]


def test_the_command_for_streams(make_site, sqlite_settings, tmp_path, stream):
    site = make_site(dict(sqlite_settings, NAME=str(tmp_path / "own.sqlite3")))
    site.run("migrate")
    results = site.run("streams_by_command", stream)
    numbers, tail, none, listed, trimmed, changed = results[:6]
    assert numbers == [["1"], ["2"], ["3"]]
    assert tail == ['{"a":[1]}', '"not JSON"']
    assert none == []
    name, head, size, epoch = listed[0].split("\t")
    assert (name, head, size) == (stream + "聊天室", "3", "26") and len(epoch) == 12
    assert trimmed == [stream + "聊天室 lost 2", "2 entries"]
    assert changed == ["1 streams have new epochs; their readers start over"]
    assert results[6] == [True, True]
    assert results[7:] == [
        "the body is not JSON (--text: take it as text): Expecting value: line 1 column 1 (char 0)",
        "stream name must have no '\\n': 'a\\nb'",
        "there is no stream 'nobody'",
        "there is no stream 'nobody'",
        "name streams, or say --all",
        "name streams, or say --all",
        "-n: -1 is not 0 or more",
        "stream name is not UTF-8: '\\udcff'",
    ]


def test_a_tail_goes_on_and_starts_over(make_site, sqlite_settings, stream):
    site = make_site(sqlite_settings, poll=0.1)
    site.run("publish_once", stream, "old")
    tail = site.spawn("tail_by_command", stream)
    try:
        assert tail.stdout.readline() == '"old"\n'
        site.run("publish_once", stream, "new")
        assert tail.stdout.readline() == '"new"\n'
        site.run("new_epoch", stream)
        assert [tail.stdout.readline() for _ in range(2)] == ['"old"\n', '"new"\n']
        tail.send_signal(signal.SIGINT)
        output, errors = tail.communicate(timeout=20)
    finally:
        tail.kill()
    assert "starts over" in errors and "Traceback" not in errors


def test_a_reader_is_told_what_is_gone(make_site, sqlite_settings, layer, stream):
    """Over a real socket, and through daphne."""
    site = make_site(sqlite_settings, layer)
    site.run("trim_by_number", stream)  # 1 to 2500 are gone, 2501 is there
    port = site.daphne().port
    socket = websocket.create_connection(
        "ws://%s:%d/ws/%s/?since=7" % (HOST, port, stream), timeout=20
    )
    frames = [json.loads(socket.recv()) for _ in range(3)]
    socket.close()
    assert frames[0] == {"type": "gap", "stream": stream, "oldest": 2501}
    assert (frames[1]["first"], frames[1]["bodies"]) == (2501, ["x"])
    live = {"type": "live", "stream": stream, "epoch": frames[2]["epoch"], "seq": 2501}
    assert frames[2] == live and live["epoch"]
