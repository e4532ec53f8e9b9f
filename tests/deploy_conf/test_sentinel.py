"""A Redis behind sentinels in one URL: read, refused, and asked whether it answers."""

import pytest

from deploy_conf import probe, sentinel
from tests.support.redis import say
from tests.support.sentinels import start_sentinels
from tests.support.servers import free_port

ONE = {"sentinels": [("a", 26379)], "master_name": "m"}


@pytest.mark.parametrize(
    "url, expected",
    [
        ("sentinel://a/m", ONE),
        ("sentinel://a:26379/m/", ONE),
        ("sentinel://a,b:1/m/3", dict(ONE, sentinels=[("a", 26379), ("b", 1)], db=3)),
        ("sentinel://[::1],[fe80::1]:1/m", dict(ONE, sentinels=[("::1", 26379), ("fe80::1", 1)])),
        ("sentinel://:p%40%2Fw@a/m", dict(ONE, password="p@/w")),
        ("sentinel://:p:w@a/m", dict(ONE, password="p:w")),
        (
            "sentinel://:pw@a/m?sentinel_password=x%26y",
            dict(ONE, password="pw", sentinel_kwargs={"password": "x&y"}),
        ),
    ],
)
def test_a_url_names_sentinels(url, expected):
    assert sentinel.host(url) == expected


@pytest.mark.parametrize(
    "url, part",
    [
        ("redis://a/m", "expected sentinel://"),
        ("sentinel://a", "master's name"),
        ("sentinel://a/", "master's name"),
        ("sentinel://a/m/x", "master's name"),
        ("sentinel://a/m/1/2", "master's name"),
        ("sentinel:///m", "address"),
        ("sentinel://a,,b/m", "address"),
        ("sentinel://a:0/m", "address"),
        ("sentinel://a:65536/m", "address"),
        ("sentinel://a:x/m", "address"),
        ("sentinel://::1/m", "address"),
        ("sentinel://:secret/2@a/m", "master's name"),
        ("sentinel://me:secret@a/m", "user's name"),
        ("sentinel://:secret@a/m?db=1", "only option"),
        ("sentinel://:secret@a/m?sentinel_password", "only option"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url, part):
    with pytest.raises(ValueError) as error:
        sentinel.host(url)
    assert part in str(error.value) and "secret" not in str(error.value)


@pytest.fixture
def servers(tmp_path):
    servers = start_sentinels(tmp_path, count=1)
    yield servers
    servers.stop()


def test_the_master_answers_ping(servers):
    (port,) = servers.ports
    url = "sentinel://%s127.0.0.1:%d,127.0.0.1:%d/%s"
    assert probe.redis(url % ("", free_port(), port, "mymaster"))
    assert not probe.redis(url % ("", free_port(), port, "another"))
    assert not probe.redis(url % ("", free_port(), free_port(), "mymaster"))
    assert not probe.redis("sentinel://")
    servers.primary.say("CONFIG", "SET", "requirepass", "secret")
    assert not probe.redis(url % ("", port, port, "mymaster"))
    assert probe.redis(url % (":secret@", port, port, "mymaster"))
    say(port, "ACL", "SETUSER", "default", "resetpass", ">asked")  # since Redis 6.2
    assert not probe.redis(url % (":secret@", port, port, "mymaster"))
    assert probe.redis(url % (":secret@", port, port, "mymaster") + "?sentinel_password=asked")
