"""Bad values: one line, exit code 2, and nothing written."""

import getpass
import os
import platform
import sys

import pytest

from deploy_conf import commands
from tests.support.sites import tiny


@pytest.fixture
def render(tmp_path, monkeypatch, capsys):
    """render(*options) → (exit code, stderr), in a site whose facts are all given."""
    folder = tmp_path / "site"
    tiny.write(str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def run(*words, **replace):
        given = {
            "--domain": "example.org",
            "--user": getpass.getuser(),
            "--wsgi": "tiny.wsgi:application",
            "--asgi": "tiny.asgi:application",
            "--static-url": "/static/",
            "--static-root": str(folder / "static"),
            "--run-dir": "/run/tiny",
            "--log-dir": "/var/log/tiny",
        }
        for name in words[::2]:
            given.pop(name, None)
        line = ["render", "--output", "conf"] + [w for pair in given.items() for w in pair]
        try:
            code = commands.main(line + list(words))
        except SystemExit as error:
            code = error.code
        return code, capsys.readouterr().err

    return run


def test_all_facts_given_needs_no_settings(render):
    assert render() == (0, "")
    assert "tiny.settings" not in sys.modules


@pytest.mark.parametrize(
    "option, value, part",
    [
        ("--port", "0", "between 1 and 65535"),
        ("--port", "65536", "between 1 and 65535"),
        ("--port", "eighty", "not a number"),
        ("--wsgi", "tiny.nothing:application", "no module tiny.nothing"),
        ("--wsgi", "tiny.wsgi", "package.module:object"),
        ("--asgi", "tiny.asgi:application\nx", "package.module:object"),
        ("--user", "nobody-of-that-name", "no user"),
        ("--user", "root\n", "no user"),
        ("--nginx-user", "root; x", "no user"),
        ("--tls-cert", "/etc/hostname", "--tls-key"),
        ("--tls-key", "/etc/hostname", "--tls-cert"),
        ("--static-root", "static", "not an absolute path"),
        ("--static-root", "/srv/a;b", "';'"),
        ("--static-root", '/srv/a"b', "'\"'"),
        ("--static-root", "/srv/a\nb", "'\\n'"),
        ("--static-root", "/srv/$host", "'$'"),
        ("--static-root", "/srv/{x}", "'{'"),
        ("--static-root", "/srv/#x", "'#'"),
        ("--static-root", "/srv/a\\", "'\\\\'"),
        ("--static-root", "/srv/a ", "space"),
        ("--static-root", "/srv/*", "'*'"),
        ("--static-url", "static/", "/static/"),
        ("--static-url", "/static", "/static/"),
        ("--static-url", "/", "/static/"),
        ("--static-url", "/a/../", "/static/"),
        ("--websocket-path", "/ws/ { return 200; } #/", "/static/"),
        ("--websocket-path", "/ws/;/", "/static/"),
        ("--websocket-path", "/ws/;", "/static/"),
        ("--websocket-path", "/", "/static/"),
        ("--health-from", "10.0.0.1/8", "10.0.0.0/8"),
        ("--health-from", "0.0.0.0/0", "everybody"),
        ("--health-path", "healthz", "URL path"),
        ("--acme-root", "acme", "not an absolute path"),
        ("--behind", "10.0.0.1/8", "neither one address (10.0.0.1) nor a network (10.0.0.0/8)"),
        ("--domain", "exa mple.org", "host name"),
        ("--domain", "example.org;", "host name"),
        ("--domain", "example.org\nreturn 200", "host name"),
        ("--domain", "example.org\n", "host name"),
        ("--domain", "a-.org", "host name"),
        ("--domain", "$host", "host name"),
        ("--domain", "", "host name"),
        ("--listen", "localhost", "not an IP address"),
        ("--listen", "fe80::1%eth0", "not an IP address"),
        ("--listen", "[fe80::1%x; } server { listen 1]", "not an IP address"),
        ("--domain", "fe80::1%x; } server { listen 1", "host name"),
        ("--domain", "fe80::1%x\ny", "host name"),
        ("--behind", "fe80::1%x { } geo $a", "not an IP address or network"),
        ("--behind", "fe80::/10%x", "not an IP address or network"),
        ("--health-from", "fe80::1%eth0", "not an IP address or network"),
        ("--listen", "1.2.3.4:80 default_server", "not an IP address"),
        ("--run-dir", "/run/a b", "sockets need"),
        ("--run-dir", "/run/" + "x" * 90, "too long"),
        ("--log-dir", "log", "not an absolute path"),
        ("--directory", "/nonexistent", "not a folder"),
        ("--python", "/nonexistent/python", "not a program"),
        ("--nginx", "/etc/passwd", "not a program"),
        ("--name", "A b", "a-z"),
        ("--env", "KEY", "NAME=value"),
        ("--env", "K;EY=1", "NAME=value"),
        ("--env", "KEY=a\"b'c", "both kinds of quotes"),
        ("--env", 'KEY="a"', "begins or ends with a quote"),
        ("--env", "KEY=a #b", "would begin a comment"),
        ("--env", "KEY=a ;b", "would begin a comment"),
        ("--env", "KEY=a\nuser=root", "'\\n'"),
        ("--redis-url", "http://x/", "redis://"),
        ("--redis-url", 'redis://x/0",A="b', "redis://"),
        ("--redis-url", "sentinel://a,b", "master's name"),
        ("--redis-url", "sentinel://a;b/m", "sentinel://"),
        ("--max-body", "lots", "20m"),
        ("--max-body", "20m; x", "20m"),
        ("--request-rate", "-1", "between"),
        ("--unlimited", "10.0.0.0/33", "network"),
        ("--unlimited", "10.0.0.1 1; x", "network"),
        ("--harakiri", "0", "between"),
        ("--uwsgi-processes", "none", "not a number"),
        ("--frame-options", "maybe", "invalid choice"),
        ("--daphne-arg=--port=80", None, "where daphne listens is rendered"),
        ("--daphne-arg=--un=/tmp/x", None, "where daphne listens is rendered"),
        ("--daphne-arg=-p", None, "--name=value"),
        ("--daphne-arg=--root-path=/a\nuser=root", None, "--name=value"),
        ("--websocket-probe", "/ws/ x", "URL path"),
        ("--uwsgi", "/nonexistent/uwsgi", "not a program"),
        ("--uwsgi", "/bin/true", "does not run Python %d.%d." % sys.version_info[:2]),
    ],
)
def test_bad_value_is_one_line(render, option, value, part):
    code, err = render(option, *([] if value is None else [value]))
    assert code == 2
    assert len(err.splitlines()) == 1, err
    assert option.partition("=")[0] in err and part in err
    assert not os.path.exists("conf")


SCALARS = [
    "--output --only --conf-dir --run-dir --log-dir --port --tls-cert --tls-key --redirect-port",
    "--acme-root --user --nginx-user --daphne-port --redis-url --nginx --redis-server --uwsgi",
    "--directory --python --settings --name --wsgi --asgi --static-url --static-root --media-url",
    "--media-root --websocket-probe --uwsgi-processes --daphne-processes --request-rate",
    "--request-burst --login-rate --http-connections --websocket-connections --unlimited",
    "--max-body --harakiri --frame-options --manager --nginx-version --redis-version",
]


@pytest.mark.parametrize("option", " ".join(SCALARS).split())
def test_an_option_given_twice_is_refused(option, capsys):
    value = {"--only": "front", "--frame-options": "DENY", "--manager": "systemd"}.get(option, "1")
    with pytest.raises(SystemExit) as error:
        commands.main(["render", option, value, option, value])
    assert error.value.code == 2
    err = capsys.readouterr().err
    assert "argument %s: is given twice" % option in err and len(err.splitlines()) == 1


def test_every_option_can_be_repeated_or_is_refused_twice():
    choices = commands.parser()._subparsers._group_actions[0].choices
    for command, parser in choices.items():
        for action in parser._actions[1:]:
            once = isinstance(action, commands.Once)
            switch = action.nargs == 0
            assert once or switch or action.default in (None, []), (command, action.option_strings)
            if command == "render" and once:
                assert action.option_strings[0] in " ".join(SCALARS).split()


def test_redirect_and_no_redirect_exclude_each_other(capsys):
    with pytest.raises(SystemExit) as error:
        commands.main(["render", "--redirect", "--no-redirect"])
    assert error.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1


def test_a_variable_given_twice_is_refused(render):
    code, err = render("--env", "A=1", "--env", "A=2")
    assert (code, err) == (2, "deploy_conf: --env: A is given twice\n")


def test_repeated_names_and_networks_are_written_once(render):
    words = ["--behind", "10.0.0.1", "--behind", "10.0.0.1/32", "--domain", "a.org", "--domain"]
    words += ["A.org", "--listen", "127.0.0.1", "--listen", "127.0.0.1"]
    words += ["--unlimited", "10.0.0.0/8, 10.0.0.0/8", "--websocket-path", "/ws"]
    assert render(*words, "--websocket-path", "/ws/") == (0, "")
    with open("conf/nginx-site.conf", encoding="utf-8") as file:
        text = file.read()
    assert text.count("set_real_ip_from 10.0.0.1/32;") == 1
    assert text.count("10.0.0.0/8 1;") == 1
    assert text.count("server_name a.org;") == 1 and text.count("listen 127.0.0.1:80;") == 1
    assert text.count("location ^~ /ws/ {") == text.count("location = /ws {") == 1


@pytest.mark.parametrize(
    "words, names",
    [
        (["--static-url", "/ws/"], "--websocket-path, --static-url"),
        (["--media-url", "/ws/"], "--websocket-path, --media-url"),
        (["--media-url", "/static/"], "--static-url, --media-url"),
        (["--websocket-path", "/static/"], "--websocket-path, --static-url"),
    ],
)
def test_no_url_is_served_twice(render, tmp_path, words, names):
    code, err = render("--media-root", str(tmp_path), *words)
    url = [word for word in words if word.startswith("/")][0]
    assert (code, err) == (2, "deploy_conf: %s: both are %s\n" % (names, url))
    assert not os.path.exists("conf")


def test_the_websocket_pieces_serve_no_files(render):
    assert render("--only", "websocket", "--static-url", "/ws/") == (0, "")


OLD = ("worker_shutdown_timeout 120s", "TLSv1.3", "lazyfree", "-e stderr")


@pytest.mark.parametrize(
    "nginx, redis, left_out",
    [
        ("1.10.3", "3.2.6", OLD),  # Debian 9
        ("1.12.2", "3.2.12", ("TLSv1.3", "lazyfree", "-e stderr")),
        ("1.14.0", "4.0.9", ("-e stderr",)),  # Ubuntu 18.04
        ("1.19.5", "6.0.16", ()),
    ],
)
def test_what_an_older_server_does_not_know_is_left_out(
    render, certificate, tmp_path, nginx, redis, left_out
):
    said = {"nginx": "nginx version: nginx/%s" % nginx, "redis-server": "Redis server v=%s" % redis}
    for name, text in said.items():
        (tmp_path / name).write_text("#!/bin/sh\necho '%s'\n" % text)
        (tmp_path / name).chmod(0o755)
    words = ["--tls-cert", certificate[0], "--tls-key", certificate[1]]
    words += ["--nginx", str(tmp_path / "nginx"), "--redis-server", str(tmp_path / "redis-server")]
    assert render(*words) == (0, "")
    text = ""
    for name in set(os.listdir("conf")) - {"README.txt"}:
        with open(os.path.join("conf", name), encoding="utf-8") as file:
            text += "".join(line for line in file if not line.lstrip().startswith("#"))
    assert "TLSv1.2" in text and "maxmemory-policy" in text
    assert [one for one in OLD if one not in text] == list(left_out)


def test_an_nginx_that_is_too_old_is_one_line(render, tmp_path):
    (tmp_path / "nginx").write_text("#!/bin/sh\necho 'nginx version: nginx/1.8.1'\n")
    (tmp_path / "nginx").chmod(0o755)
    code, err = render("--nginx", str(tmp_path / "nginx"))
    assert code == 1 and err == (
        "deploy_conf: nginx: %s is nginx/1.8.1; 1.10 or newer is needed\n" % (tmp_path / "nginx")
    )
    assert not os.path.exists("conf")


def test_a_uwsgi_must_run_the_sites_python(render, tmp_path):
    programs = {
        "uwsgi": '[ "$1 $3" != "--plugin --python-version" ] || echo 3.99.1',
        "python": "echo 3.99.2",
        "daphne": "",
        "none": "exit 1",
    }
    for name, script in programs.items():
        (tmp_path / name).write_text("#!/bin/sh\n%s\n" % script)
        (tmp_path / name).chmod(0o755)
    uwsgi, python = str(tmp_path / "uwsgi"), str(tmp_path / "python")
    code, err = render("--uwsgi", uwsgi)
    mine = platform.python_version()
    assert (code, err) == (2, "deploy_conf: --uwsgi: %s does not run Python %s\n" % (uwsgi, mine))
    assert not os.path.exists("conf")
    assert render("--uwsgi", uwsgi, "--python", python) == (0, "")
    with open("conf/uwsgi.ini", encoding="utf-8") as file:
        assert "plugin = python399\n" in file.read()
    code, err = render("--uwsgi", uwsgi, "--python", str(tmp_path / "none"))
    assert (code, err) == (2, "deploy_conf: --python: %s does not run\n" % (tmp_path / "none"))


def test_certificate_and_key_must_belong_together(render, certificate, tmp_path):
    cert, key = certificate
    (tmp_path / "wrong.pem").write_text("not a key\n")
    code, err = render("--tls-cert", cert, "--tls-key", str(tmp_path / "wrong.pem"))
    assert code == 2 and "do not work together" in err
    code, err = render("--tls-cert", cert, "--tls-key", str(tmp_path / "missing.pem"))
    assert code == 2 and "No such file" in err
    assert render("--tls-cert", cert, "--tls-key", key) == (0, "")


def test_redirect_needs_a_certificate_and_a_port_of_its_own(render, certificate):
    code, err = render("--redirect")
    assert code == 2 and "--redirect needs" in err
    pair = ("--tls-cert", certificate[0], "--tls-key", certificate[1])
    code, err = render("--port", "8443", "--redirect-port", "8443", *pair)
    assert code == 2 and "--redirect-port" in err
    code, err = render("--redirect-port", "x", *pair)
    assert code == 2 and "--redirect-port" in err


@pytest.mark.parametrize(
    "domain, written",
    [
        ("Example.ORG", "example.org"),
        ("*.example.org", "*.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "[2001:db8::7]"),
    ],
)
def test_domain_is_written_as_nginx_wants_it(render, domain, written):
    assert render("--domain", domain) == (0, "")
    with open("conf/nginx-site.conf", encoding="utf-8") as file:
        assert "    server_name %s;\n" % written in file.read()


def test_the_site_must_be_named(render, monkeypatch, capsys):
    line = ["render", "--domain", "example.org", "--user", getpass.getuser()]
    monkeypatch.chdir("static files")  # no manage.py
    assert commands.main(line) == 2
    assert "no settings module" in capsys.readouterr().err


def test_root_is_never_the_default_account(render, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    code, err = render("--user", "")
    assert code == 2 and "--user" in err


def test_no_command_and_unknown_command_are_one_line(capsys):
    for words in ([], ["reboot"]):
        with pytest.raises(SystemExit) as error:
            commands.main(words)
        assert error.value.code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_help_explains_every_option_with_its_default(capsys):
    for command in ("render", "up", "reload", "down", "status"):
        with pytest.raises(SystemExit):
            commands.main([command, "--help"])
        assert "default" in capsys.readouterr().out
    choices = commands.parser()._subparsers._group_actions[0].choices
    for command, parser in choices.items():
        for action in parser._actions[1:]:
            no_default = ("--domain", "--no-redirect", "--only")
            told = "default" in action.help or action.option_strings[0] in no_default
            assert told, (command, action.option_strings)
