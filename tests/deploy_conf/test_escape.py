"""What supervisor reads is what was written: by supervisor's own parser."""

import itertools

import pytest

from deploy_conf import escape, options
from deploy_conf.errors import BadValue

PIECES = ["a", " ", "#", ";", "'", '"', "%", "\\", ",", "=", "$", "é", "(", "%(x)s"]
VALUES = ["".join(pieces) for n in range(4) for pieces in itertools.product(PIECES, repeat=n)]


@pytest.fixture
def read(tmp_path):
    """read(environments, commands) → the same, as supervisor understands them."""
    from supervisor.options import ServerOptions

    def parse(environments, commands):
        path = tmp_path / "supervisord.conf"
        lines = ["[supervisord]", "nodaemon=true", "[program:none]", "command=/bin/true"]
        for number, values in enumerate(environments):
            lines += ["[program:e%d]" % number, "command = /bin/true"]
            lines.append("environment = " + escape.supervisor_environment(values))
        for number, words in enumerate(commands):
            lines.append("[program:c%d]" % number)
            lines.append("command = " + escape.supervisor_command(words))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        server = ServerOptions()
        server.realize(["-c", str(path), "-n"], doc="")
        found = {
            one.name: one for group in server.process_group_configs for one in group.process_configs
        }
        import shlex

        return (
            [dict(found["e%d" % n].environment) for n in range(len(environments))],
            [shlex.split(found["c%d" % n].command) for n in range(len(commands))],
        )

    return parse


def test_an_environment_is_read_back(read):
    """Several in one line: one must not swallow the next."""
    taken = [value for value in VALUES if not escape.not_in_environment(value)]
    assert len(taken) > len(VALUES) / 2
    for value in ("a#b", "#a", 'a"b', "a'b", "a;b", "100% #".rstrip(" #"), "pä ß", "a\\"):
        assert value in taken or not escape.not_in_environment(value), value
    wanted = [
        {"A": "x y", "B": value, "C": value[::-1] if value[::-1] in taken else "z"}
        for value in taken[:1500]
    ]
    assert read(wanted, [])[0] == wanted


def test_a_value_that_is_refused_would_be_read_otherwise(read):
    for value in (" #a", "a ;b", "'a", 'a"', "\"a'b"):
        assert escape.not_in_environment(value)
        try:
            found = read([{"A": value}], [])[0]
        except (SystemExit, ValueError):
            continue
        assert found != [{"A": value}], value


def test_a_command_is_read_back(read):
    commands = [["/bin/echo", value, "x" + value] for value in VALUES if value.isprintable()][:1500]
    assert read([], commands)[1] == commands


def test_only_a_line_break_cannot_be_a_word_of_a_command():
    assert options.arguments("X", ["a #b", "c;d", "'\""]) == ["a #b", "c;d", "'\""]
    for bad in ("a\nb", "a\0b", 1):
        with pytest.raises(BadValue):
            options.arguments("X", ["a", bad])


def test_a_log_in_a_folder_with_a_percent_sign_is_read_back(tmp_path):
    """supervisor expands the name of a log twice."""
    from supervisor.options import ServerOptions

    folder = tmp_path / "100% %s"
    folder.mkdir()
    path = tmp_path / "supervisord.conf"
    log = escape.supervisor(str(folder), passes=2)
    lines = ["[supervisord]", "nodaemon = true", "[program:x]", "command = /bin/true"]
    path.write_text("\n".join(lines) + "\nstdout_logfile = %s/x.log\n" % log)
    server = ServerOptions()
    server.realize(["-c", str(path), "-n"], doc="")
    (process,) = server.process_group_configs[0].process_configs
    assert process.stdout_logfile == str(folder / "x.log")
