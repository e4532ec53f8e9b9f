"""--no-redis: a site that tells of its entries without one has none, and everything else."""

import getpass
import os
import urllib.request

import pytest

from tests.support.sites import live, tiny

NONE = 'STREAMS_NOTIFICATIONS = "none"\nSTREAMS_POLL_SECONDS = 0.2\n'


def test_up_starts_none_and_a_push_is_seen(tmp_path):
    site = live.Site(tmp_path / "site", NONE, REDIS_SERVER_BIN="/there/is/none")
    try:
        code, out, err = site.up("--no-redis", *tiny.SMALL)
        assert code == 0, out + err
        reader = site.reader()
        with urllib.request.urlopen(site.url + "say/?bridge=compat&text=up", timeout=30) as answer:
            assert answer.read() == b"1"  # by uWSGI
        assert live.bodies(reader) == [{"said": "up"}]
        reader.close()
        code, out, err = site.run("status")
        assert (code, err) == (0, "") and "redis" not in out
        assert "daphne_0" in site.programs()
        assert not [line for line in site.processes().values() if "redis" in line.split("/")[-1]]
        names = os.listdir(os.path.join(site.var, "conf"))
        assert "redis.conf" not in names and "uwsgi.ini" in names
        for name in ("conf/supervisor-programs.conf", "site.env"):
            with open(os.path.join(site.var, name)) as file:
                assert "REDIS_URL" not in file.read()
    finally:
        site.down()


@pytest.mark.parametrize("manager", ["supervisor", "systemd"])
def test_render_has_none_and_asks_none(tmp_path, manager):
    tiny.write(str(tmp_path))
    site = tiny.Site(tmp_path)
    words = [
        "--domain",
        "example.org",
        "--user",
        getpass.getuser(),
        "--manager",
        manager,
        "--no-redis",
    ]
    code, out, err = site.run("render", "--check", *words)
    assert code == 0, err
    assert "uwsgi.ini: accepted" in err and "redis.conf" not in out + err
    names = os.listdir(str(tmp_path / "conf"))
    text = "".join((tmp_path / "conf" / name).read_text() for name in names if "README" not in name)
    assert "REDIS_URL" not in text and "[program:tiny-redis]" not in text
    assert not [name for name in names if "redis" in name]


def test_a_redis_of_your_own_beside_it_is_refused(tmp_path):
    tiny.write(str(tmp_path))
    site = tiny.Site(tmp_path)
    url = "redis://127.0.0.1:1/0"
    words = ["--domain", "example.org", "--user", "nobody", "--no-redis", "--redis-url", url]
    code, _, err = site.run("render", *words)
    assert code == 2 and "--no-redis and --redis-url contradict each other" in err
    code, _, err = site.run("up", "--no-redis", REDIS_URL=url)
    assert code == 2 and "--no-redis: REDIS_URL is set, and names one" in err
