"""Each finding by what was seen, told by hand: when it is one, when it is none, what it says."""

import os
import threading
from types import SimpleNamespace

import pytest

from compat.doctor import child, findings, processes, report, wire
from compat.doctor.findings import certificate_ends, static_missing
from compat.doctor.wire import Answer, Target
from tests.compat.doctor.told import OURS, WHEEL, Site, daphne, found, like_ours, uwsgi

PUBLIC = wire.of_url("https://www.example.org")


HALF = {"errors": {"layer": "OSError: no"}}


@pytest.mark.parametrize(
    "name, views, said",
    [
        ("application-not-importable", [daphne()], []),
        ("application-not-importable", [daphne(errors={"application": "A: x"})], ["A: x"]),
        ("application-not-importable", [daphne(errors={"settings": "B: y"})], ["B: y"]),
        ("bridge-not-active", [daphne(bridge=None), uwsgi(bridge=None)], ["daphne", "uwsgi"]),
        ("bridge-not-active", [daphne(bridge="compat"), uwsgi(), like_ours(bridge=None)], []),
        ("bridge-twice", [daphne(copies=[OURS]), uwsgi(copies=[]), like_ours()], []),
        ("bridge-twice", [daphne(copies=[OURS, WHEEL]), uwsgi(copies=[OURS])], ["it; django_bri"]),
        ("debug-on", [daphne(debug=False), uwsgi(), like_ours(debug=True)], []),
        ("debug-on", [daphne(debug=True, settings="a.dev"), uwsgi(debug=1)], ["by a.dev", "uwsgi"]),
        ("not-migrated", [daphne(unmigrated={}), uwsgi(unmigrated=None), like_ours()], []),
        (
            "not-migrated",
            [daphne(unmigrated={"default": ["a", "b"]}), uwsgi(unmigrated={"default": ["a", "b"]})],
            ["daphne (pid 5), uwsgi (pid 6): Migrations of these apps were not applied: a, b"],
        ),
        ("not-migrated", [uwsgi(unmigrated={"x": ["c"]})], ["applied: c (database x)"]),
        ("daemon-not-utf8", [daphne(encoding="UTF-8"), uwsgi(), uwsgi(encoding="utf8")], []),
        ("daemon-not-utf8", [daphne(encoding="ascii"), like_ours(encoding="ascii")], ["ascii"]),
        (
            "database-unreachable",
            [uwsgi(errors={"database b": "X", "database a": "Y", "layer": "Z"})],
            ["database a: Y", "database b: X"],
        ),
        ("disk-full", [daphne(free=[["/a", 2 << 30, 0.01], ["/b", 1 << 20, 0.03]])], []),
        (
            "disk-full",
            [daphne(free=[["/a", 5 << 20, 0.02]]), uwsgi(free=[["/a", 5 << 20, 0.02]])],
            ["5 MB (or 2% of the inodes) are left for /a"],
        ),
        ("folder-not-writable", [uwsgi(unwritable=["/m, MEDIA_ROOT"])], ["cannot write /m, MEDIA"]),
        ("layer-in-memory", [daphne(layer="x.Redis"), uwsgi(layer=None)], []),
        ("layer-in-memory", [daphne(layer="InMemory"), uwsgi(layer="InMemory")], ["InMemory"]),
        ("layer-missing", [daphne(), uwsgi(layer="x")], []),
        ("layer-missing", [daphne(layer=None), uwsgi(layer=None)], ["no CHANNEL_LAYERS"]),
        ("layer-missing", [daphne(layer=None, notifications="none")], []),
        ("layer-missing", [daphne(layer=None, notifications="layer")], ["no CHANNEL_LAYERS"]),
        ("notifications-not-heard", [daphne(notifications="layer"), uwsgi(heard=True)], []),
        ("notifications-not-heard", [daphne(heard=False), uwsgi(heard=True)], ["a NOTIFY does"]),
        (
            "notifications-not-heard",
            [daphne(errors={"notifications": "ValueError: no"}), uwsgi(heard=True)],
            ["ValueError: no"],
        ),
        ("redis-unreachable", [daphne(**HALF), uwsgi()], ["OSError: no"]),
        ("redis-evicts", [daphne(eviction=None), uwsgi(eviction="noeviction"), uwsgi()], []),
        ("redis-evicts", [daphne(eviction="b"), uwsgi(eviction="a")], ["is a", "is b"]),
        ("settings-differ", [daphne(settings="a"), like_ours(settings="b")], []),
        ("settings-differ", [daphne(settings="b"), uwsgi(settings="a")], ["6) has a; d"]),
        ("redis-databases-differ", [uwsgi(layer="r"), daphne(received=True)], []),
        ("redis-databases-differ", [uwsgi(layer="r"), daphne(received=False)], ["from uwsgi"]),
        ("redis-databases-differ", [uwsgi(layer="r"), daphne(received=False, **HALF)], []),
        ("redis-databases-differ", [uwsgi(layer="r", **HALF), daphne(received=False)], []),
        ("redis-databases-differ", [uwsgi(layer="InMemory"), daphne(received=False)], []),
        ("redis-databases-differ", [uwsgi(), daphne(received=False)], ["pid 5"]),
        ("redis-databases-differ", [uwsgi(errors={"settings": "x"}), daphne(received=False)], []),
        ("redis-databases-differ", [daphne(received=False)], []),
    ],
)  # fmt: skip
def test_what_processes_see(name, views, said):
    lines = found(name, Site(*views))
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines)), lines


def test_a_model_before_setup_is_told_apart():
    view = daphne(errors={"application": "AppRegistryNotReady: x"})
    seen = report.examine(Site(view, url="")).found
    (one,) = [one for one in seen if one.id == "application-not-importable"]
    assert "django.setup()" in one.change and one.doc.endswith("md#application-not-importable")


@pytest.mark.parametrize(
    "outside, direct, nginx, said",
    [
        (101, 101, [], []),
        (403, 403, [], []),
        (None, 101, [], []),
        (101, None, [], []),
        (403, 101, [], ["host-replaced"]),
        (0, 101, [], ["daphne-not-reached"]),
        (502, 403, [], ["daphne-not-reached"]),
        (504, 101, [], ["daphne-not-reached"]),
        (503, 101, [], []),
        (502, 500, [], []),
        (404, 101, [], ["upgrade-not-forwarded"]),
        (404, 403, ["listen 80;"], ["location-not-included"]),
        (404, 101, ["proxy_pass http://127.0.0.1:8001;"], ["upgrade-not-forwarded"]),
        (429, 101, [], []),
        (401, 101, [], []),
        (404, 404, [], []),
    ],
)
def test_what_a_handshake_gets(outside, direct, nginx, said):
    site = Site(outside=outside, direct=direct, nginx=nginx)
    names = (
        "host-replaced", "daphne-not-reached", "upgrade-not-forwarded", "location-not-included"
    )  # fmt: skip
    lines = {name: found(name, site) for name in names}
    assert [name for name in names if lines[name]] == said
    for name in said:
        assert "https://www.example.org/ws/ gets " in lines[name][0]
        if name == "upgrade-not-forwarded":
            assert ("as root" in lines[name][0]) is not bool(nginx)


def test_a_location_of_a_unix_socket():
    site = Site(
        outside=404, direct=101, nginx=["server unix:/run/d.sock"], daphne=Target("/d", "h")
    )
    assert "none of 1 nginx names unix:/d" in found("location-not-included", site)[0]
    assert (
        found("location-not-included", Site(outside=404, direct=101, nginx=["x"], daphne=None))
        == []
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told(status):
    assert len(found("websocket-redirected", Site(outside=status, direct=101))) == 1
    assert found("websocket-redirected", Site(outside=404, direct=101)) == []
    assert found("upgrade-not-forwarded", Site(outside=status, direct=101)) == []


@pytest.mark.parametrize(
    "outside, direct, hosts, other, said",
    [
        (403, 403, ["a.example.org"], 101, 1),
        (403, 403, ["a.example.org"], 403, 0),
        (403, 101, ["a.example.org"], 101, 0),
        (403, 403, ["*", "www.example.org"], 101, 0),
        (None, 403, ["a.example.org"], 101, 0),
    ],
)
def test_an_origin_that_is_refused(monkeypatch, outside, direct, hosts, other, said):
    asked = []

    def handshake(target, path, origin):
        asked.append((target.host, path, origin))
        return Answer(other, {})

    monkeypatch.setattr(wire, "handshake", handshake)
    site = Site(daphne(allowed_hosts=hosts), outside=outside, direct=direct)
    lines = found("origin-refused", site)
    assert len(lines) == said
    if said:
        assert "Origin https://www.example.org gets 403, a.example.org gets 101" in lines[0]
        assert asked == [("a.example.org", "/ws/", "https://a.example.org")]


@pytest.mark.parametrize(
    "days, refused, url, said",
    [
        (15, "", "https://www.example.org", []),
        (13, "", "https://www.example.org", ["ends in 12 days"]),
        (None, "expired", "https://www.example.org", ["is refused: expired"]),
        (1, "", "http://www.example.org", []),
        (1, "", "", []),
    ],
)
def test_a_certificate_that_ends(monkeypatch, days, refused, url, said):
    monkeypatch.setattr(certificate_ends.time, "time", lambda: 1000.0)
    end = days and 999.0 + days * 86400
    monkeypatch.setattr(certificate_ends, "certificate", lambda target: (end, refused))
    lines = found("certificate-ends", Site(url=url))
    assert len(lines) == len(said) and all(part in lines[0] for part in said)


@pytest.mark.parametrize(
    "hosts, said", [(["www.example.org"], 0), ([".example.org"], 0), (["*"], 0), (["other"], 1)]
)
def test_a_host_that_is_not_allowed(monkeypatch, hosts, said):
    from compat.doctor.findings import host_not_allowed

    monkeypatch.setattr(host_not_allowed, "get", lambda target, path: Answer(400, {}))
    site = Site(daphne(allowed_hosts=hosts), uwsgi())
    assert site.home == "/"
    lines = found("host-not-allowed", site)
    assert lines == ["ALLOWED_HOSTS has no www.example.org; / gets 400"] * said


def test_without_hosts_the_local_names_are_allowed():
    site = Site(daphne(allowed_hosts=[]))
    assert [site.allows(name) for name in ("localhost", "127.0.0.1:80", "[::1]", "x.org")] == [
        True, True, True, False
    ]  # fmt: skip
    assert Site(daphne(allowed_hosts=["a"]), uwsgi(allowed_hosts=["b"])).allows("a") is False


@pytest.mark.parametrize(
    "health, status, said", [("http://h:1/x/y", 200, 0), ("http://h/x", 400, 1), ("", 1, 0)]
)
def test_a_health_check(monkeypatch, health, status, said):
    from compat.doctor.findings import health_check_refused

    asked = []

    def get(target, path):
        asked.append((target.address, path))
        return Answer(status, {})

    monkeypatch.setattr(health_check_refused, "get", get)
    site = Site()
    site.options = site.options._replace(health=health)
    assert found("health-check-refused", site) == ["http://h/x gets 400"] * said
    wanted = {"http://h:1/x/y": (("h", 1), "/x/y"), "http://h/x": (("h", 80), "/x")}
    assert asked == ([wanted[health]] if health else [])


@pytest.mark.parametrize(
    "status, base, said",
    [(200, "/static/", 0), (304, "/static/", 0), (404, "/static/", 2), (404, "https://cdn/", 0)],
)
def test_static_files(monkeypatch, settings, status, base, said):
    settings.STATIC_URL = base
    monkeypatch.setattr(static_missing, "get", lambda target, path: Answer(status, {}))
    lines = found("static-missing", Site())
    assert len(lines) == said
    if said:
        assert lines[0] == "https://www.example.org/static/streams/streams.js gets 404"
    assert found("static-missing", Site(url="")) == []


def test_daphnes(monkeypatch):
    from compat.doctor.findings import daphne_no_socket

    one = processes.Process(5, "daphne", ["python", "daphne", "a:b"], {}, "/site", 0)
    monkeypatch.setattr(daphne_no_socket, "listening", lambda pid: addresses)
    monkeypatch.setattr(daphne_no_socket, "has_ended", lambda pid: ended)
    monkeypatch.setattr(daphne_no_socket, "is_young", lambda pid: False)
    ended = False
    monkeypatch.setattr(processes, "listening", lambda pid: addresses)
    site = Site(processes=processes.Processes([one], []))
    del site.kept["daphne"]
    addresses = []
    assert len(found("daphne-no-socket", site)) == 1 and site._daphne() is None
    ended = True  # meanwhile
    assert found("daphne-no-socket", site) == []
    ended, addresses = False, [("127.0.0.1", 8001)]
    del site.kept["daphnes"]
    assert found("daphne-no-socket", site) == found("daphne-not-running", site) == []
    assert site.daphne == Target(("127.0.0.1", 8001), "www.example.org", False, "https")
    for url, scheme, host in (
        ("http://a.org:8080", "http", "a.org:8080"),
        ("", "http", "localhost"),
    ):
        other = Site(url=url, processes=site.processes)
        assert other._daphne() == Target(("127.0.0.1", 8001), host, False, scheme)
    assert found("daphne-not-running", Site()) == ["no daphne works in /site"]
    hidden = Site(processes=processes.Processes([], ["one is another account's"]))
    assert found("daphne-not-running", hidden) == []


def test_the_path_that_is_tried(settings):
    settings.DEPLOY_CONF_WEBSOCKET_PROBE = "/ws/own/"
    assert Site().path == "/ws/"
    site = Site()
    site.options = site.options._replace(path="")
    assert site.path == "/ws/own/"
    del settings.DEPLOY_CONF_WEBSOCKET_PROBE
    assert site.path == "/ws/"


def test_causes_come_first():
    names = [findings.id_of(module) for module in findings.every()]
    for first, later in (
        ("disk-full", "database-unreachable"),
        ("daphne-not-running", "daphne-not-reached"),
        ("location-not-included", "upgrade-not-forwarded"),
        ("host-replaced", "origin-refused"),
        ("layer-missing", "redis-databases-differ"),
        ("daphne-fd-unix", "daphne-no-socket"),
        ("application-not-importable", "code-older"),
        ("code-older", "settings-differ"),
        ("database-connections", "database-unreachable"),
        ("redis-forbids", "redis-unreachable"),
        ("redis-refuses-writes", "redis-databases-differ"),
        ("scheme-not-forwarded", "websocket-redirected"),
        ("selinux-denies", "daphne-not-reached"),
        ("upstream-dead", "daphne-not-reached"),
        ("upgrade-not-forwarded", "proxy-timeout-short"),
        ("packages-impossible", "packages-differ"),
        ("daphne-no-socket", "daphne-hangs"),
        ("daphne-hangs", "application-not-importable"),
        ("redis-databases-differ", "redis-shared"),
        ("host-not-resolved", "host-not-allowed"),
        ("host-not-resolved", "daphne-not-reached"),
        ("redis-unreachable", "handshake-fails"),
        ("settings-differ", "not-migrated"),
        ("database-unreachable", "not-migrated"),
        ("bridge-twice", "bridge-not-active"),
        ("host-not-allowed", "pages-fail"),
        ("selinux-denies", "pages-fail"),
        ("layer-in-memory", "debug-on"),
    ):
        assert names.index(first) < names.index(later)


@pytest.mark.parametrize(
    "place, argv, manage, belongs",
    [
        ("site", [], False, True),
        ("site/deep", [], True, True),
        ("sites", [], False, False),
        ("other", ["{root}/x.ini"], False, True),
        ("other", ["--ini={root}/x.ini"], False, True),
        ("other", ["{root}/x.ini"], True, False),
        ("other", ["{root}s/x.ini"], False, False),
    ],
)
def test_whose_a_process_is(tmp_path, place, argv, manage, belongs):
    root, place = str(tmp_path / "site"), tmp_path / place
    place.mkdir(parents=True)
    if manage:
        (place / "manage.py").write_text("")
    argv = [word.format(root=root) for word in argv]
    assert processes._belongs(root, str(place), argv) is belongs


@pytest.mark.parametrize(
    "argv, kind",
    [
        (["python", "/x/daphne", "a:b"], "daphne"),
        (["/usr/bin/uwsgi", "--ini"], "uwsgi"),
        (["uwsgi-core"], "uwsgi"),
        (["python", "-m", "x", "daphne"], "daphne"),
        (["python", "-m", "x", "y", "daphne"], ""),
        (["python", "manage.py"], ""),
    ],
)
def test_what_a_process_is(argv, kind):
    assert processes._kind(argv) == kind


@pytest.mark.parametrize(
    "direct, path, said",
    [
        (101, "/ws/", []), (403, "/ws/", []), (301, "/ws/", []), (429, "/ws/", []),
        (404, "", []), (404, "/ws/x/", ["The route in routing.py"]),
        (500, "", ["The line of that time"]), (503, "", ["What connect() waits for"]),
        (0, "", ["What connect() waits for"]),
    ],
)  # fmt: skip
def test_a_handshake_that_daphne_does_not_take(settings, direct, path, said):
    settings.DEPLOY_CONF_WEBSOCKET_PROBE = ""
    site = Site(direct=direct)
    site.options = site.options._replace(path=path)
    (module,) = [one for one in findings.every() if findings.id_of(one) == "handshake-fails"]
    told = [one if isinstance(one, tuple) else (one, module.CHANGE) for one in module.look(site)]
    assert len(told) == len(said)
    assert all(change.startswith(start) for (_, change), start in zip(told, said))
    assert not list(module.look(Site(daphne(**HALF), direct=direct)))


def test_what_says_why_elsewhere_is_not_told_twice():
    gone = "Name or service not known"
    site = Site(outside=0, direct=101, unresolved=gone)
    assert found("host-not-resolved", site) == ["www.example.org: " + gone]
    for name in ("daphne-not-reached", "certificate-ends", "clock-wrong", "static-missing"):
        assert found(name, site) == []
    assert not site.reached and Site(outside=101).reached and not Site(url="").reached


def test_a_site_below_a_prefix(settings):
    settings.DEPLOY_CONF_WEBSOCKET_PROBE = ""
    site = Site(url="https://www.example.org/shop/")
    assert (site.home, site.path) == ("/shop/", "/shop/ws/")
    site.options = site.options._replace(path="/shop/ws/own/")
    assert site.path == "/shop/ws/own/"
    site.options = site.options._replace(path="/shopping/")
    assert site.path == "/shop/shopping/"


@pytest.mark.parametrize(
    "idle, said",
    [
        (None, 0),
        (wire.Idle("ping", 2.0), 0),
        (wire.Idle("cut", 6.4), "was cut after 6 s, daphne pings after 20 s"),
        (wire.Idle("silent", 30.0), "no ping of daphne came through"),
    ],
)
def test_an_idle_socket_seen_from_outside(idle, said):
    one = processes.Process(5, "daphne", ["daphne", "a:b"], {}, "/site", 0)
    site = Site(processes=processes.Processes([one], []), hops=[], idle=idle)
    lines = found("proxy-timeout-short", site)
    assert len(lines) == bool(said) and all(said in line for line in lines)


def test_processes_with_other_packages():
    one, other = {"channels": "2.1.4", "msgpack": "0.6.2"}, {"channels": "2.1.4", "celery": "4"}
    python = {"python": [3, 7, 16]}
    assert found("packages-differ", Site(daphne(packages=one), uwsgi(packages=other))) == []
    views = daphne(packages=one, **python), uwsgi(packages=dict(one, channels="2.4.0"), **python)
    (line,) = found("packages-differ", Site(*views))
    assert line == "channels: daphne (pid 5) has 2.1.4, uwsgi (pid 6) has 2.4.0"
    assert found("packages-impossible", Site(*views)) == found("packages-impossible", Site())
    views = (daphne(packages={"asgi_redis": "1.4", "channels": "2.1.4"}, **python),) * 2
    assert len(found("packages-impossible", Site(*views))) == 1


def test_a_report_says_whether_it_saw_enough(monkeypatch):
    hidden = processes.Processes([], ["2 processes of other accounts"])
    made = report.examine(Site(url="", processes=hidden))
    assert (made.found, made.status) == ([], 2)
    assert report.lines(made, str, str)[-1].endswith(
        "none was seen, and not all could be looked at"
    )
    monkeypatch.setattr(report, "LONGEST", 0.2)
    released = threading.Event()
    (module,) = [one for one in findings.every() if findings.id_of(one) == "clock-wrong"]
    monkeypatch.setattr(module, "look", lambda site: [released.wait(20)])
    made = report.examine(Site(url=""))
    assert child.Child(None).unseen == "it was too late" and child.Child(None).rest() == {}
    child.halted.clear()
    released.set()
    assert made.status == 2 and "took too long: clock-wrong, packages-imposs" in made.remarks[-1]
    assert made.kinds == 2  # that come before
    for names, page in (
        ({"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}, report.CHINESE),
        ({"LANGUAGE": "", "LC_ALL": "C", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}, report.GUIDE),
    ):
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        assert report.guide() == page


def test_a_report_has_remarks_and_goes_on(monkeypatch):
    (module,) = [one for one in findings.every() if findings.id_of(one) == "layer-missing"]
    monkeypatch.setattr(module, "look", lambda site: 1 / 0)
    site = Site(uwsgi(unseen="x does not start"), daphne(eviction="lru"), url="")
    progress = []
    made = report.examine(site, progress.append)
    assert len(progress) == made.kinds == len(findings.every())
    assert [one.id for one in made.found if one.id == "redis-evicts"] == ["redis-evicts"]
    text = "\n".join(made.remarks)
    assert "nothing was looked at from outside" in text and "x does not start" in text
    assert "layer-missing was not looked for: ZeroDivisionError" in text
    lines = report.lines(made, "<{}>".format, "*{}*".format)
    assert (
        lines[0].startswith("<")
        and "*" in lines[0]
        and lines[-1].endswith("found")
        or made.found[1:]
    )
    none = report.lines(report.Report([], [], 3), str, str)
    assert none == ["3 kinds of faults were looked for: nothing is wrong"]
    names = SimpleNamespace(origin="", public=None)
    assert report.filled("%(host)s %(origin)s %%40", names) == (
        "www.example.org https://www.example.org %40"
    )
    assert os.path.basename(report.GUIDE) == "troubleshoot.md"
