import sys

import pytest

from compat.patching.versions import installed_version
from tests.support.probe import prove, source

if not installed_version("billiard"):
    pytest.skip("billiard is not installed", allow_module_level=True)

NAME = "billiard.code_positions"
NEEDED = sys.version_info >= (3, 11)
BAD = "object has no attribute 'co_positions'"


@source
def fail():
    global ExceptionInfo, Traceback, pickle, re, sys
    import pickle
    import re
    import sys
    import traceback

    from billiard.einfo import ExceptionInfo, Traceback

    def fail(depth):
        if depth:
            fail(depth - 1)
        raise ValueError("no tea")

    def format(tb):
        return "".join(traceback.format_exception(ValueError, ValueError("no tea"), tb))


@source(fail)
def sent(ExceptionInfo, fail, pickle, re):
    try:
        fail(1)
    except ValueError:
        info = ExceptionInfo()
    there = pickle.loads(pickle.dumps(info)).tb  # as the worker's process sends it
    for line in format(there).splitlines():
        if not line.startswith("    "):  # the text of a line of source
            print(re.sub("line [0-9]+", "line", line.strip()))
    print(getattr(there.tb_next.tb_frame.f_code, "co_qualname", "fail"))


FORMATTED = """\
Traceback (most recent call last):
File "<string>", line, in <module>
File "<string>", line, in fail
File "<string>", line, in fail
ValueError: no tea
fail"""


@source(fail)
def long(Traceback, fail, sys):
    try:
        fail(5)
    except ValueError:
        text = format(Traceback(sys.exc_info()[2], max_frames=2))
    print(text.count(" in fail"), "[rest of traceback truncated]" in text)


def test_a_traceback_is_formatted_where_it_arrives():
    prove(NAME, sent, good=FORMATTED, bad=BAD, needed=NEEDED)


def test_the_rest_of_a_long_traceback_is_told():
    prove(NAME, long, good="3 True", bad=BAD, needed=NEEDED)
