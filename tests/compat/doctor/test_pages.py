"""What visitors meet while WebSockets open: pages that fail, and processes that are not alike."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import sqlite3

import pytest

from compat.doctor import accounts, examined, processes, report
from compat.doctor.views import View
from tests.compat.doctor.kinds import every_one, first
from tests.compat.doctor.looking import look
from tests.compat.doctor.stack import HOST_HEADER, UPGRADE, UWSGI, Front
from tests.support import CHECKOUT, shared
from tests.support.servers import free_port

NOBODY = pwd.getpwnam("nobody")
GROUP = grp.getgrgid(NOBODY.pw_gid).gr_name


@pytest.fixture(scope="module")
def front(stack, tmp_path_factory):
    """
    A nginx of another account before the running uWSGI, whose socket it has by a second name.

    The folders of tests are closed to that account.
    """
    front = Front(tmp_path_factory.mktemp("front"), user="nobody %s" % GROUP)
    front.open = shared.open_folder("pages-")  # a hard link leads to no other file system
    front.closed = os.path.join(front.open, "closed")
    os.chmod(front.open, 0o755)  # noqa: S103
    os.mkdir(front.closed)
    front.socket = os.path.join(front.open, "uwsgi.sock")
    real = os.path.join(stack.run.sockets(), "uwsgi.sock")
    front.mode = os.stat(real).st_mode & 0o777
    for folder in (front.open, front.closed):
        os.link(real, os.path.join(folder, "uwsgi.sock"))
    daphne = examined.Site(examined.Options(stack.site.folder)).daphnes[0]
    headers = HOST_HEADER + UPGRADE + "proxy_set_header X-Forwarded-For $remote_addr;"
    ws = "location /ws/ { proxy_pass http://%s:%d; %s }" % (*daphne, headers)
    static = "location /static/ { proxy_pass http://127.0.0.1:%d; }" % stack.site.port
    front.port = free_port()
    for name, to in (
        ("open", "unix:" + front.socket),
        ("folder", "unix:" + os.path.join(front.closed, "uwsgi.sock")),
        ("file", "unix:" + front.folder),
        ("none", "unix:" + os.path.join(front.open, "none.sock")),
        ("port", "uwsgi://127.0.0.1:%d" % front.port),
        ("upstream", "pages"),
    ):
        page = "location / { %s uwsgi_pass %s; uwsgi_read_timeout 1s; }" % (UWSGI, to)
        front.add(name, page + ws + static)
    named = "location / { try_files /none @pages; } location @pages { %s uwsgi_pass unix:%s; }"
    front.add("named", named % (UWSGI, front.socket) + ws + static)
    everybody = "listen %d; location / { %s uwsgi_pass unix:%s; }"
    front.add("everybody", everybody % (free_port(), UWSGI, front.socket) + ws + static)
    front.around = "upstream pages { server unix:%s; }" % front.socket
    front.start()
    os.chmod(front.socket, 0o666)
    yield front
    front.stop()
    os.chmod(front.socket, front.mode)
    shutil.rmtree(front.open)


@contextlib.contextmanager
def closed(path):
    """To everybody but root."""
    kept = os.stat(path).st_mode & 0o777
    os.chmod(path, 0)
    try:
        yield
    finally:
        os.chmod(path, kept)


@pytest.mark.parametrize("name", ["open", "named", "upstream"])
def test_a_socket_that_nginx_may_not_open(stack, views, front, name):
    url = front.urls[name]
    with closed(front.socket):
        one = first(look(stack, url, views=views), "pages-fail")
        seen = "nginx (%s) may not open %s: mode 0, %s" % (
            accounts.user(NOBODY.pw_uid if os.getuid() == 0 else os.getuid()),
            front.socket,
            accounts.mode(front.socket).partition(", ")[2],
        )
    assert one.observed.startswith("%s/ gets 502; location " % url)
    assert one.observed.endswith(" leads to %s; %s" % (front.socket, seen))
    assert "chmod-socket = 660 and chown-socket = :" in one.change
    assert look(stack, url, views=views) == []


def test_a_socket_in_a_folder_that_nginx_may_not_open(stack, views, front):
    url = front.urls["folder"]
    with closed(front.closed):
        one = first(look(stack, url, views=views), "pages-fail")
    # Who is not root cannot look into it, either.
    assert "may not open %s: mode 0, " % front.closed in one.observed or os.getuid()
    assert "chgrp" in one.change or os.getuid()
    assert look(stack, url, views=views) == [] or os.getuid() == 0


@pytest.mark.parametrize(
    "name, seen",
    [
        ("none", "none.sock: No such file or directory; uWSGI listens on "),
        ("port", "Connection refused; uWSGI listens on "),
        ("file", ", which is no socket"),
    ],
)
def test_an_address_on_which_no_uwsgi_listens(stack, views, front, name, seen):
    one = first(look(stack, front.urls[name], views=views), "pages-fail")
    assert seen in one.observed and "/ gets 502; " in one.observed
    real = os.path.join(stack.run.sockets(), "uwsgi.sock")
    assert real in one.observed or name == "file"
    assert one.change.startswith("nginx: uwsgi_pass where uWSGI listens")


def test_a_uwsgi_that_does_not_answer(stack, views, front):
    (master,) = examined.Site(examined.Options(stack.site.folder)).processes.of("uwsgi")
    workers = processes.children(master.pid)
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        one = first(look(stack, front.urls["open"], views=views), "pages-fail")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert one.observed.endswith("/ gets 504") and "harakiri" in one.change


def raising(text):
    return text.replace("def meta(request):", "def meta(request):\n    raise ValueError")


def test_a_page_that_raises(stack, views):
    port = free_port()
    with stack.changed("tiny/urls.py", raising), stack.daphne(port=port) as server:
        url = "http://127.0.0.1:%d" % port
        one = first(look(stack, url, views=views, server=server), "pages-fail")
    assert one.observed == "%s/ gets 500" % url and "traceback" in one.change


def test_hosts_of_another_site(stack, views):
    port = free_port()
    with stack.daphne(port=port, HOSTS="wrong.example") as server:
        url = "http://127.0.0.1:%d" % port
        found = look(stack, url, views=views, server=server)
    assert first(found, "host-not-allowed").observed.endswith("/ gets 400")
    assert "pages-fail" not in [one.id for one in found]


def test_debug_is_on(stack, views, front):
    """Where only this machine gets in, as by `up`, it is said, and is no finding."""
    with stack.daphne(DEBUG="1") as server:
        one = first(look(stack, front.urls["everybody"], views=views, server=server), "debug-on")
        assert look(stack, views=views, server=server) == []
        site = examined.Site(examined.Options(stack.site.folder, stack.url))
        site.kept["views"] = [View("daphne", "daphne", {"debug": True, "settings": "a"}), *views]
        assert site.looked[0] == "daphne has DEBUG = True, by a; only this machine reaches it"
    assert one.observed == "daphne (pid %d) has DEBUG = True, by tiny.settings" % server.process.pid


def test_a_daphne_with_the_settings_of_a_developer(stack, views):
    with stack.daphne(DJANGO_SETTINGS_MODULE="tiny.dev") as server:
        found = look(stack, views=views, server=server)
    one = first(found, "settings-differ")
    assert "has tiny.dev" in one.observed and "has tiny.settings" in one.observed
    assert [one.id for one in found[1:]] == ["layer-in-memory"]


def test_tables_that_were_not_made(stack, views, tmp_path):
    """Nor are they made by being asked for, nor is SQLite's file."""
    path = tmp_path / "new.sqlite3"
    with stack.daphne(DATABASE=str(path)) as server:
        one = first(look(stack, views=views, server=server), "not-migrated")
        assert not path.exists()
        path.write_bytes(b"")
        assert first(look(stack, views=views, server=server), "not-migrated") == one
        assert path.read_bytes() == b""
    told = "daphne (pid %d): Migrations of these apps were not applied: auth, contenttypes, streams"
    assert one.observed == told % server.process.pid


def test_tables_that_are_old(stack, views, tmp_path):
    path = str(tmp_path / "old.sqlite3")
    shutil.copy(stack.path("db.sqlite3"), path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(
            "DELETE FROM django_migrations WHERE id ="
            " (SELECT max(id) FROM django_migrations WHERE app = 'streams')"
        )
        database.commit()
    with stack.daphne(DATABASE=path) as server:
        one = first(look(stack, views=views, server=server), "not-migrated")
    assert one.observed.endswith("Migrations of these apps were not applied: streams")


def test_two_copies_of_the_bridge(stack, views, tmp_path):
    """The folder in the project, and the wheel, which was activated or said in asgi.py."""
    packages = tmp_path / "site-packages"
    shutil.copytree(os.path.join(CHECKOUT, "compat"), str(packages / "django_bridge"))
    with open(stack.path("tiny/twice.py"), "w") as file:
        file.write("import django_bridge\ndjango_bridge.install()\n")
        file.write("from tiny.asgi import application\n")
    paths = os.pathsep.join([str(packages), stack.site.environment["PYTHONPATH"]])
    with stack.daphne(application="tiny.twice:application", PYTHONPATH=paths) as server:
        one = first(look(stack, views=views, server=server), "bridge-twice")
    folder = os.path.join(CHECKOUT, "compat")
    copies = [
        "%s of %s" % pair
        for pair in (("compat", folder), ("django_bridge", packages / "django_bridge"))
    ]
    told = "daphne (pid %d): %%s repairs it; %%s is there, too" % server.process.pid
    assert one.observed in (told % tuple(copies), told % tuple(reversed(copies)))
    assert one.change.startswith("Keep compat: python -m django_bridge deactivate, pip uninstall")


def test_no_uwsgi(stack, views):
    """Also without a public address. The last one: what is started again has another socket."""
    with stack.without("uwsgi"):
        found = look(stack, views=views)
        site = examined.Site(examined.Options(stack.site.folder, "", "/ws/echo/"))
        site.kept["views"] = views
        site.kept["nginx"] = [examined._nginx(_own_nginx(stack))]
        inside = report.examine(site).found
    for one in (first(found, "pages-fail"), first(inside, "pages-fail")):
        assert "and no uWSGI works in %s" % stack.site.folder in one.observed
        assert one.change.startswith("Start uWSGI")


def _own_nginx(stack):
    (one,) = [words for words in examined.masters().values() if stack.site.folder in str(words)]
    return one


def test_each_was_broken(request):
    every_one(request)
