"""The address of a Redis in one line: read, refused, and asked whether it answers."""

import socket
import ssl
import threading

import pytest

from deploy_conf import probe, redis_address
from deploy_conf.redis_address import parse
from tests.support.redis import say
from tests.support.sentinels import start_sentinels
from tests.support.servers import HOST, free_port

ONE = {"sentinels": [("a", 26379)], "master_name": "m"}


@pytest.mark.parametrize(
    "url, expected",
    [
        ("sentinel://a/m", ONE),
        ("sentinel://a:26379/m/", ONE),
        ("sentinel://a,b:1/m/3", dict(ONE, sentinels=[("a", 26379), ("b", 1)], db=3)),
        ("sentinel://a/m/0", dict(ONE, db=0)),
        ("sentinel://[::1],[fe80::1]:1/m", dict(ONE, sentinels=[("::1", 26379), ("fe80::1", 1)])),
        ("sentinel://:p%40%2Fw@a/m", dict(ONE, password="p@/w")),
        ("sentinel://:p:w@a/m", dict(ONE, password="p:w")),
        ("sentinel://site:pw@a/m", dict(ONE, username="site", password="pw")),
        (
            "sentinel://:pw@a/m?sentinel_password=x%26y",
            dict(ONE, password="pw", sentinel_kwargs={"password": "x&y"}),
        ),
        (
            "sentinel://a/m?sentinel_password=x&sentinel_username=w",
            dict(ONE, sentinel_kwargs={"password": "x", "username": "w"}),
        ),
        ("redis://h", "redis://h:6379"),
        ("redis://h:1/", "redis://h:1"),
        ("redis://h/0", "redis://h:6379/0"),
        ("redis://h?db=3", "redis://h:6379/3"),
        ("redis://h/3?db=3", "redis://h:6379/3"),
        ("redis://[::1]:7/2", "redis://[::1]:7/2"),
        ("redis://:p%40%25w@h/1", "redis://:p%40%25w@h:6379/1"),
        ("redis://site:p@h", "redis://site:p@h:6379"),
        ("redis://h?password=p%26&username=site", "redis://site:p%26@h:6379"),
        ("redis://h?timeout=1.5&encoding=utf-8", "redis://h:6379?timeout=1.5&encoding=utf-8"),
        ("rediss://:p@h:6380/1", "rediss://:p@h:6380/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        (
            "unix:///a%20b/r.sock?password=p%26w&db=2&username=u",
            "unix:///a b/r.sock?username=u&password=p%26w&db=2",
        ),
    ],
)
def test_an_address_is_one_of_the_channel_layers_hosts(url, expected):
    assert parse(url).for_channels() == expected


@pytest.mark.parametrize(
    "url, part",
    [
        ("http://a/m", "should be redis://"),
        ("", "should be redis://"),
        ("redis://", "host or its port"),
        ("sentinel://a", "master's name"),
        ("sentinel://a/", "master's name"),
        ("sentinel://a/m/x", "master's name"),
        ("sentinel://a/m/1/2", "master's name"),
        ("sentinel:///m", "address of a sentinel"),
        ("sentinel://a,,b/m", "address of a sentinel"),
        ("sentinel://a:0/m", "address of a sentinel"),
        ("sentinel://a:65536/m", "address of a sentinel"),
        ("sentinel://a:x/m", "address of a sentinel"),
        ("sentinel://::1/m", "address of a sentinel"),
        ("sentinel://:secret/2@a/m", "master's name"),
        ("sentinel://:secret@a/m?db=1", "only options"),
        ("sentinel://:secret@a/m?sentinel_password", "only options"),
        ("redis://:secret/2@h", "%2F"),
        ("redis://:secret#2@h", "%23"),
        ("redis://:se cret@h", "should be redis://"),
        ("redis://:secret@h:0", "host or its port"),
        ("redis://:secret@h:x/0", "host or its port"),
        ("redis://:secret@h,i/0", "one host"),
        ("redis://:secret@h/x", "one host"),
        ("redis://:secret@h/0?db=1", "database is given twice"),
        ("redis://:secret@h?password=other", "password is given twice"),
        ("redis://:secret@h?db=x", "database is a number"),
        ("redis://secret@h", "needs a password"),
        ("redis://:secret@h?ssl_ca_certs=/x", "does not take"),
        ("rediss://:secret@h?ssl_ca_cert=/x", "?ssl_ca_certs=…"),
        ("rediss://:secret@h?db=1&db=1", "each once"),
        ("unix://:secret@h", "unix:///path"),
        ("unix:///", "unix:///path"),
    ],
)
def test_a_wrong_address_is_refused_without_its_password(url, part):
    with pytest.raises(ValueError) as error:
        parse(url)
    assert part in str(error.value) and "secret" not in str(error.value)


def test_a_password_with_signs_is_written_as_it_is_read():
    url = "redis://us%2Fer:p%2Fa%40ss@10.0.0.9:6379/1"
    assert redis_address.parse(url).url() == url


def test_what_people_read_has_no_password():
    for url in ("rediss://u:secret@h:1/2", "unix:///r?password=secret&db=2", "redis://h"):
        assert "secret" not in str(parse(url))
    assert str(parse("sentinel://:secret@a,b:1/m/2")) == "sentinel://a:26379,b:1/m/2"


def test_tls_options_are_checked(certificate, tmp_path):
    cert, key = certificate
    plain = parse("rediss://h").context()
    assert plain.verify_mode == ssl.CERT_REQUIRED and plain.check_hostname
    assert parse("redis://h").context() is None
    loose = parse("rediss://h?ssl_cert_reqs=none&ssl_certfile=%s&ssl_keyfile=%s" % (cert, key))
    assert loose.context().verify_mode == ssl.CERT_NONE
    named = parse("rediss://u:p@h/1?ssl_check_hostname=no&ssl_ca_certs=" + cert).for_channels()
    assert named["address"] == "rediss://u:p@h:6379/1" and not named["ssl"].check_hostname
    for query in ("ssl_cert_reqs=maybe", "ssl_check_hostname=2", "ssl_ca_certs=/none"):
        with pytest.raises(ValueError):
            parse("rediss://h?" + query).context()


def test_the_password_of_a_folder_is_kept(tmp_path):
    first = redis_address.kept_password(str(tmp_path))
    assert len(first) == 64 and first != redis_address.kept_password(str(tmp_path))
    (tmp_path / "redis.conf").write_text("port 0\nrequirepass %s\n" % first)
    assert redis_address.kept_password(str(tmp_path)) == first


@pytest.fixture
def servers(tmp_path):
    servers = start_sentinels(tmp_path, count=1)
    yield servers
    servers.stop()


def test_the_master_answers_ping(servers):
    (port,) = servers.ports
    url = "sentinel://%s127.0.0.1:%d,127.0.0.1:%d/%s"
    assert probe.redis(url % ("", free_port(), port, "mymaster")) is None
    assert "master called another" in probe.redis(url % ("", free_port(), port, "another"))
    assert probe.redis(url % ("", free_port(), free_port(), "mymaster"))
    assert probe.redis("sentinel://")
    servers.primary.say("CONFIG", "SET", "requirepass", "secret")
    assert "NOAUTH" in probe.redis(url % ("", port, port, "mymaster"))
    assert probe.redis(url % (":secret@", port, port, "mymaster")) is None


def test_a_sentinel_may_have_a_password_of_its_own(servers):
    (port,) = servers.ports
    url = "sentinel://%s127.0.0.1:%d,127.0.0.1:%d/%s"
    servers.primary.say("CONFIG", "SET", "requirepass", "secret")
    say(port, "ACL", "SETUSER", "default", "resetpass", ">asked")  # since Redis 6.2
    assert probe.redis(url % (":secret@", port, port, "mymaster"))
    asked = url % (":secret@", port, port, "mymaster") + "?sentinel_password=asked"
    assert probe.redis(asked) is None


@pytest.fixture
def redis(more_redis):
    server = more_redis()
    server.say("ACL", "SETUSER", "site", "on", ">pw", "~*", "+@all", "&*")
    server.say("ACL", "SETUSER", "default", "resetpass", ">of-default")
    return server


@pytest.mark.parametrize(
    "login, rest, said",
    [
        ("site:pw@", "", None),
        ("site:pw@", "/15", None),
        ("site:pw@", "/99", "out of range"),
        ("site:wrong@", "", "WRONGPASS"),
        (":of-default@", "", None),
        (":pw@", "", "WRONGPASS"),
        ("", "", "NOAUTH"),
    ],
)
def test_what_a_redis_says_is_told(redis, login, rest, said):
    found = probe.redis("redis://%s%s:%d%s" % (login, HOST, redis.port, rest))
    assert found is None if said is None else said in found


def test_nobody_and_somebody_else_is_told_at_once():
    assert probe.redis("redis://127.0.0.1:%d" % free_port()) == "Connection refused"
    assert probe.redis("unix:///none/redis.sock") == "No such file or directory"
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen(1)
        assert "timed out" in probe.redis("redis://%s:%d" % silent.getsockname(), timeout=0.2)


def test_a_connection_that_cannot_speak_tls_is_closed():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(1)
        nameless = None, listener.getsockname()[1]
        with pytest.raises(ValueError) as error:
            probe._connect(nameless, 5, ssl.create_default_context())
        connection = listener.accept()[0]
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b"", error  # which holds on to what was not closed


@pytest.fixture
def tls(redis, certificate):
    """A port on which that Redis is reached over TLS, whether it was built with it or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(5)

    def copy(source, target):
        try:
            for part in iter(lambda: source.recv(65536), b""):
                target.sendall(part)
        except OSError:
            pass
        for end in (source, target):
            end.close()

    def serve():
        while True:
            try:
                plain = listener.accept()[0]
            except OSError:
                return
            try:
                client = context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            server = socket.create_connection((HOST, redis.port))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=copy, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_redis_over_tls(tls, certificate):
    url = "rediss://site:pw@%s:%d" % (HOST, tls)
    assert "certificate" in probe.redis(url).lower()
    trusted = url + "?ssl_check_hostname=no&ssl_ca_certs=" + certificate[0]
    assert probe.redis(trusted) is None
    assert probe.redis(url + "?ssl_cert_reqs=none") is None
    assert probe.redis(url.replace("rediss", "redis"), timeout=2)
