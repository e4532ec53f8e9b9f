"""A probe that is written as a function runs at module level, in a process of its own."""

import tempfile

import pytest

from tests.support.probe import probe, source


def test_a_function_runs_at_module_level_of_another_process():
    def body():
        global Here
        import os
        import pickle

        class Here:
            where = os.getpid()

        # Found again by its name, so it is the module's.
        print(pickle.loads(pickle.dumps(Here)) is Here, __name__, "test_probe" in globals())

    result = probe(body)
    assert result.said == "True __main__ False", result.error
    assert "Here" not in globals()


def test_values_are_its_arguments():
    def body(words, count):
        print([word * count for word in words])

    assert probe(body, words=["a", "b"], count=2).said == "['aa', 'bb']"


def test_pieces_run_one_after_the_other_and_see_each_others_names():
    @source
    def first():
        global text
        text = """of
several
  lines"""

    @source(first, number=3)
    def second(text, number):
        print(repr(text), number)

    assert probe(second).said == repr("of\nseveral\n  lines") + " 3"
    assert probe(first + "print(len(text))").said == "18"


def test_what_begins_with_a_decorator():
    @source
    def body():
        @property
        def method(self):
            """The first statement."""

        print(type(method).__name__)

    assert probe(body).said == "property"


def test_an_error_is_what_it_said():
    def body():
        raise ValueError("oops")

    result = probe(body)
    assert result.returncode and result.said == "ValueError: oops"


@pytest.mark.parametrize("cold", [False, True])
def test_its_temporary_files_are_where_those_of_the_run_are(cold):
    def body():
        import tempfile

        print(tempfile.gettempdir())

    assert probe(body, cold=cold).said == tempfile.gettempdir() != "/tmp"
