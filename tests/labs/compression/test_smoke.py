import json

from tests.labs.compression.__main__ import SIZES, main


def test_a_small_run(capsys):
    main(["--sockets", "3", "--rounds", "30"])  # of two, the kernel may have counted none yet
    off, on = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (off["on"], on["on"]) == (False, True)
    for size in SIZES:
        wire = "%d bytes: on the wire" % size
        assert off[wire] >= size > 2 * on[wire]
        assert off["%d bytes: us" % size] >= 0  # less than the kernel counts, on a quiet machine
    assert on["compressed MiB: ms"] > 0
