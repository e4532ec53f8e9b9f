"""Every setting: a wrong value is named by the checks, told once, and nothing else happens."""

import ast
import datetime
import os
import re

import pytest
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured

from compat import _kinds, _settings
from compat.checks import settings as checks
from compat.streams.checks import check_keep
from deploy_conf.errors import BadValue
from devops import env
from tests.support import CHECKOUT

# A name with "$" is one of the environment, where a setting may have the same.
RECORDS = {"$" * (not record.in_settings) + record.name: record for record in checks.every()}
NAN, INFINITE = float("nan"), float("inf")
# Wrong for what takes this.
OF_KIND = {
    _kinds.Flag: ["maybe", 2, [], None],
    _kinds.Number: ["many", "-1", -1, True, NAN, INFINITE, [], {}, b"1"],
    _kinds.OneOf: ["Loose", "", True, 1, []],
    _kinds.Each: ["https://www.example.com", [1], 5, {"a": 1}],
    _kinds.Networks: ["10.0.0.0/8", ["10.0.0.0/99"], ["10.0.0.1/8"], [7], 5],
    _kinds.Dict: [[1], "text", {1: 2}, {"a": object()}, 5],
    _kinds.Text: [5, ["text"], b"text"],
}
# Wrong for one of them.
WRONG = {
    "$ASGI_THREADS": ["many", "0", "-1", "1.5"],
    "$COMPAT_EVENT_LOOP": ["gevent", "1"],
    "$COMPAT_DRAIN_SECONDS": ["soon", "0", "nan", "-1", "inf", "3601"],
    "$COMPAT_HANDSHAKE_SECONDS": ["soon", "0", "nan", "-1", "inf", "3601"],
    "COMPAT_HEALTH_CHECKS": [{"queue": "nodots"}, {"queue": 5}],
    "COMPAT_HEALTH_DISK": [{"/": -1}, {"/": "5"}, {"/": 1.5}],
    "$COMPAT_TRUST_ROOT_PATH": ["maybe", "2"],
    "$COMPAT_WEBSOCKET_DEFLATE_FROM": ["all", "-1", "1.5"],
    "$COMPAT_WEBSOCKET_MAX_BYTES": ["much", "-1", "1.5"],
    "$COMPAT_WEBSOCKET_MAX_UNSENT": ["much", "-1", "1.5"],
    "CONTENT_SECURITY_POLICY": ["default-src 'self'\nX: y", "img-src \xe4"],
    "DEPLOY_KEYS": ["x" * 40, ["short"], [5], 5, None],
    "DEPLOY_MAX_FRAME": [0],
    "PASSWORD_PBKDF2_ITERATIONS": [0, 1.5, None, "600000", 2**31],
    "$PROMETHEUS_MULTIPROC_DIR": ["/dev/null/metrics"],
    "SOCKETS_ORIGINS": [["www.example.com"]],
    "SOCKETS_PER_USER": [1.5],
    "STREAMS_ENCODER": ["nodots", "nosuch.module.Encoder", "json.JSONDecoder", "json.dumps", 5],
    "STREAMS_KEEP": [{"*": {"max_count": 1}}, {"*": {"max_bytes": -1}}, {"*": 3}],
    "STREAMS_MAX_BODY": [0, None],
    "STREAMS_POLL_SECONDS": [0, None],
    # deploy_conf's
    "DEPLOY_CONF_PROGRAMS": [["a"], {"A b": ["x"]}, {"nginx": ["x"]}, {"a": "x"}, {1: ["x"]}, 0],
    "DEPLOY_CONF_RELOAD_SIGNALS": [["a"], {"a": "KILL"}, {"a": []}, ""],
    "DEPLOY_CONF_WEBSOCKET_PROBE": ["ws", "/a b/", 5, ""],
    "$DEPLOY_CONF_NO_SYSTEM": ["yes"],
    "$NGINX_BIN": ["/nonexistent/nginx"],
    "$REDIS_SERVER_BIN": ["/nonexistent/redis-server"],
    "$UWSGI_BIN": ["/nonexistent/uwsgi"],
    # the reference site's
    "$ALLOWED_HOSTS": ["*.example.org", "https://www.example.org", "a.example.org:8000"],
    "$BEHIND_TLS": ["https"],
    "$DATABASE_URL": ["nonsense"],
    "$DEBUG": ["maybe"],
    "$DEVOPS_VAR": [__file__],
    "$DEPLOY_KEYS": ["short"],
    "$LAYER_KEYS": ["short"],
    "$REDIS_URL": ["localhost", "redis://:a/b@h:6379/0", "sentinel://a:0/m"],
}
# Any text will do for the key; what COMPAT_DISABLE names is checked with the patches (W003).
ANY = {"$SECRET_KEY", "$COMPAT_DISABLE"}


def wrong_values(name, record):
    found = list(WRONG.get(name, ()))
    if record.in_settings:
        found += OF_KIND.get(type(getattr(record, "kind", None)), ())
    if record.default is None:
        found = [value for value in found if value is not None]
    return found


CASES = [(name, value) for name, record in RECORDS.items() for value in wrong_values(name, record)]


@pytest.fixture
def say(monkeypatch, settings):
    """Has the site say something; forgets what was told before."""

    def put(record, value):
        if not record.in_settings:
            monkeypatch.setenv(record.name, value)
        else:
            setattr(settings, record.name, value)
        if hasattr(record, "_told"):
            monkeypatch.setattr(record, "_told", set())
            monkeypatch.setattr(record, "_seen", (_settings.UNSEEN, None))

    return put


def found_by_checks():
    return checks.check_settings(None) + check_keep(None)


def test_nothing_is_wrong_with_the_reference_site(settings):
    assert found_by_checks() == []


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_is_complete(name):
    record = RECORDS[name]
    assert re.match("[A-Z][A-Z_0-9]+$", record.name)
    assert record.takes and record.section and not record.text[0].islower()
    assert record.text.endswith(".") and len(record.text) > 15
    if isinstance(record, _settings.Setting) and record.default is not None:
        assert record._accept(record.default) is not None
    assert name in ANY or any(case == name for case, _ in CASES), "no wrong value is tried"


@pytest.mark.parametrize("name, value", CASES)
def test_a_wrong_value(name, value, say, caplog):
    record = RECORDS[name]
    say(record, value)
    (message,) = found_by_checks()
    assert message.id == record.check_id and message.level >= 40
    assert message.msg.startswith(record.name) and "\n" not in message.msg
    assert "expected " + record.takes in message.msg
    shown = " ".join(_kinds.shortened(repr(value), 200).split())
    assert (shown in message.msg) == (not record.secret)
    if not record.fatal:
        assert [record() for _ in range(3)] == [record._accept(record.default)] * 3
        (line,) = caplog.records
        assert line.name == "compat" and line.levelname == "WARNING"
        assert line.getMessage().startswith(message.msg[:-1] + "; using the default, ")
        assert line.getMessage().endswith(repr(record.default))
    elif isinstance(record, _settings.Setting):
        with pytest.raises(ImproperlyConfigured, match=record.name):
            env.Env()(record)
    else:
        with pytest.raises(BadValue, match=record.name):
            record.check(value)


def test_a_value_may_be_long_and_of_many_lines(say):
    record = RECORDS["STREAMS_MAX_BODY"]
    say(record, "x\n" * 10000)
    assert len(record.problem()) < 400 and "\n" not in record.problem()


RIGHT = [
    ("COMPAT_METRICS", "off", False),
    ("COMPAT_METRICS", 1, True),
    ("CONTENT_SECURITY_POLICY", None, None),
    ("DATA_UPLOAD_MAX_NUMBER_FILES", None, None),
    ("DATA_UPLOAD_MAX_NUMBER_FILES", "none", None),
    ("DEPLOY_MAX_FRAME", 1, 1),
    ("SESSION_COOKIE_SAMESITE", "none", "None"),
    ("SESSION_COOKIE_SAMESITE", False, None),
    ("SOCKETS_ORIGINS", ("HTTPS://Example.com/",), ("https://example.com",)),
    ("SOCKETS_PER_USER", None, 0),
    ("SOCKETS_RECHECK_SECONDS", 0.5, 0.5),
    ("STREAMS_POLL_SECONDS", 3600, 3600),
    ("$COMPAT_DRAIN_SECONDS", "25", 25.0),
    ("$COMPAT_EVENT_LOOP", "UVLoop", "uvloop"),
    ("$COMPAT_WEBSOCKET_MAX_BYTES", " 0 ", 0),
    ("$COMPAT_TRUST_ROOT_PATH", "1", True),
    ("COMPAT_HEALTH_DISK", {"/": 5}, {"/": 5}),
]


@pytest.mark.parametrize("name, value, used", RIGHT)
def test_a_right_value(name, value, used, say, caplog):
    record = RECORDS[name]
    say(record, value)
    assert found_by_checks() == [] and record() == used and type(record()) is type(used)
    assert caplog.records == []


def test_limits_of_streams(say):
    keep = RECORDS["STREAMS_KEEP"]
    say(keep, {"a": {"max_age": datetime.timedelta(days=2)}, "*": {"max_entries": 5}})
    assert list(keep()) == ["a", "*"]
    assert keep()["a"].max_age == 2 * 86400 and keep()["*"].max_entries == 5


def test_what_can_be_tried_out_is_so_by_the_check_alone(say):
    """A check of the site that does not import fails on /healthz by its name, every time."""
    record = RECORDS["COMPAT_HEALTH_CHECKS"]
    say(record, {"queue": "nosuch.module"})
    (message,) = found_by_checks()
    assert "No module named 'nosuch'" in message.msg
    assert record() == {"queue": "nosuch.module"}
    record = RECORDS["COMPAT_HEALTH_DISK"]
    say(RECORDS["COMPAT_HEALTH_CHECKS"], {})
    say(record, {"/nonexistent": 5})
    (message,) = found_by_checks()
    assert "/nonexistent" in message.msg and record() == {"/nonexistent": 5}


def test_a_setting_may_be_changed_within(settings):
    settings.COMPAT_HEALTH_DISK = {"/": 1}
    record = RECORDS["COMPAT_HEALTH_DISK"]
    assert record() == {"/": 1}
    settings.COMPAT_HEALTH_DISK["/tmp"] = 2
    assert record() == {"/": 1, "/tmp": 2}


def test_what_reopens_an_advisory_is_a_value_it_takes():
    found = [record for record in RECORDS.values() if record.reopens]
    assert len(found) > 6
    for record in found:
        assert record._accept(record.at) == record.at != record.default


# No other way to read a setting of ours.

OWN = re.compile("(COMPAT|STREAMS|SOCKETS|DEPLOY|DEPLOY_CONF)_[A-Z_]+$")
ELSEWHERE = {
    "compat/patching/patch.py: COMPAT_DISABLE",  # in every process, and cheap
    # deploy_conf's, which is not there where compat alone was copied.
    "compat/doctor/examined.py: DEPLOY_CONF_WEBSOCKET_PROBE",
    # Where the bridge may not be active: it imports nothing of it.
    "compat/doctor/seen.py: SOCKETS_ORIGINS",
    "compat/doctor/seen.py: STREAMS_NOTIFICATIONS",
    "compat/doctor/seen.py: STREAMS_NOTIFICATIONS_DATABASE",
    "compat/doctor/seen.py: ASGI_THREADS",
    # In the environment of another process.
    "compat/doctor/findings/handshake_fails.py: COMPAT_TRUST_ROOT_PATH",
    "compat/doctor/findings/stop_wait_short.py: COMPAT_DRAIN_SECONDS",
    # `up` hands them on to the site's processes.
    "deploy_conf/commands/_options.py: DEVOPS_VAR",
    "deploy_conf/commands/up.py: REDIS_URL",
}


@pytest.fixture(scope="module")
def nodes():
    """(path, node) for each node of our modules."""
    return [(path, node) for path, tree in trees() for node in ast.walk(tree)]


def trees():
    for package in ("compat", "deploy", "deploy_conf", "devops"):
        for folder, _, files in os.walk(os.path.join(CHECKOUT, package)):
            for name in sorted(files):
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, CHECKOUT), ast.parse(file.read())


def text_of(node):
    """The text that a node of the tree is; "" for any other."""
    value = getattr(node, "s", "") if type(node).__name__ == "Str" else getattr(node, "value", "")
    return value if isinstance(value, str) and type(node).__name__ in ("Str", "Constant") else ""


NAMES = {record.name for record in RECORDS.values()}


def read_by(node):
    """Names that a node reads from something by name: getattr(), get(), [], in, and attributes."""
    if isinstance(node, ast.Call):
        function = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if function in ("getattr", "hasattr", "get", "getenv", "pop"):
            return [text_of(argument) for argument in node.args[:2]]
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return [text_of(getattr(node.slice, "value", "") or node.slice), text_of(node.slice)]
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return [text_of(node.left)]
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "settings":
        ours = node.attr in NAMES and not hasattr(global_settings, node.attr)
        return [node.attr] if ours or OWN.match(node.attr) else []
    return []


@pytest.mark.source
def test_settings_are_read_through_their_records(nodes):
    found = {
        "%s: %s" % (path, name)
        for path, node in nodes
        for name in read_by(node)
        if OWN.match(name) or name in NAMES
    }
    assert found == ELSEWHERE


@pytest.mark.source
def test_all_records_are_known_to_the_checks(nodes):
    made = {
        text_of(node.args[0])
        for _, node in nodes
        if isinstance(node, ast.Call) and node.args
        if getattr(node.func, "id", "") in ("Setting", "Variable", "Switch", "variable")
    }
    assert len(made) > 35 and made - {""} <= NAMES
