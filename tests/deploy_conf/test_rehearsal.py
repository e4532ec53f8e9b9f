"""What the rehearsal of a reload takes and refuses, without a running site."""

import os
import re
import subprocess
import sys
import types

import pytest

from deploy_conf import rehearsal, rehearse
from deploy_conf.errors import ConfError
from tests.support import commands
from tests.support.sites import tiny

BROKEN = "syntax error here\n"
CHECK = """
from django.core import checks

@checks.register
def look(**_):
    return [checks.%s("wrong", id="tiny.X001")]
"""


@pytest.fixture
def site(tmp_path):
    tiny.write(str(tmp_path / "site"))
    return tiny.Site(tmp_path / "site")


def append(site, name, text):
    with open(os.path.join(site.folder, name), "a") as file:
        file.write(text)


def environment(site):
    return dict(site.environment, DJANGO_SETTINGS_MODULE="tiny.settings")


def ask(site, *words):
    """What the rehearsal says, in a fork of a warm process; ConfError when the code is not fit."""
    said = []
    done = commands.run(rehearse.SCRIPT, *words, env=environment(site), cwd=site.folder)
    rehearse._judge(words[1], done.returncode, done.stdout + done.stderr, said.append)
    return said


def ask_cold(site, *words, patience=60):
    """As a reload does."""
    said = []
    words = [sys.executable, *words]
    rehearse._ask(words, environment(site), site.folder, patience, said.append)
    return said


def test_a_site_that_is_well_is_fit(site):
    assert ask_cold(site, "wsgi", "tiny.wsgi:application", "/", "") == []
    assert ask_cold(site, "asgi", "tiny.asgi:application", "/", "") == []
    assert ask_cold(site, "program", "ticker.py", "word") == []
    # Nothing is written beside the code.
    done = subprocess.run(["find", site.folder, "-name", "*.pyc"], stdout=subprocess.PIPE)
    assert done.stdout == b""


def test_the_reason_is_found_in_what_a_process_says(site):
    append(site, "tiny/wsgi.py", "\nprint('of the site')\nimport no_such_module\n")
    with pytest.raises(ConfError, match="of tiny.wsgi:application fails, .*: ModuleNotFoundError"):
        ask_cold(site, "wsgi", "tiny.wsgi:application", "/", "")


@pytest.mark.parametrize(
    "name, after, reason",
    [
        ("tiny/views.py", BROKEN, "tiny/views.py, line 1: SyntaxError: invalid syntax"),
        ("tiny/urls.py", "\nurlpatterns.insert(0, url('^$', lambda request: 1 / 0))\n", "500"),
        ("tiny/settings.py", "\nMIDDLEWARE = ['tiny.none.Middleware']\n", "tiny.none"),
        ("tiny/settings.py", "\nINSTALLED_APPS.append('tiny.no_app')\n", "tiny.no_app"),
        ("tiny/routing.py", BROKEN, "SyntaxError: invalid syntax"),
        ("tiny/routing.py", "\nEcho.connect = None\n", "TypeError"),
    ],
)
def test_code_that_is_broken_anywhere_is_refused(site, name, after, reason):
    append(site, "tiny/urls.py", "\nfrom tiny import views\n")
    append(site, "tiny/views.py", "")
    append(site, name, after)
    kind = "asgi" if "routing" in name else "wsgi"
    with pytest.raises(ConfError, match=re.escape(reason)) as raised:
        ask(site, kind, "tiny.%s:application" % kind, "/", "/ws/echo/" if kind == "asgi" else "")
    assert "tiny.%s:application fails, nothing was reloaded" % kind in str(raised.value)


@pytest.mark.parametrize("level, fit", [("Error", False), ("Critical", False), ("Warning", True)])
def test_a_system_check_counts_when_it_is_an_error(site, level, fit):
    append(site, "tiny/urls.py", CHECK % level)
    if fit:
        assert ask(site, "wsgi", "tiny.wsgi:application", "/", "") == []
        return
    with pytest.raises(ConfError, match="tiny.X001"):
        ask(site, "wsgi", "tiny.wsgi:application", "/", "")
    append(site, "tiny/settings.py", '\nSILENCED_SYSTEM_CHECKS = ["tiny.X001"]\n')
    assert ask(site, "wsgi", "tiny.wsgi:application", "/", "") == []


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
@pytest.mark.parametrize("status, fit", [(404, True), (499, True), (500, False), (503, False)])
def test_an_answer_of_500_or_more_is_refused(site, kind, status, fit):
    view = "lambda request: JsonResponse({}, status=%d)" % status
    append(site, "tiny/urls.py", "\nurlpatterns.insert(0, url('^asked$', %s))\n" % view)
    words = (kind, "tiny.%s:application" % kind, "/asked", "")
    if fit:
        assert ask(site, *words) == []
    else:
        with pytest.raises(ConfError, match="/asked answers %d.*--page" % status):
            ask(site, *words)


@pytest.mark.parametrize(
    "setting, value",
    [
        ("CACHES", "{'default': {'BACKEND': 'tiny.late.Late'}}"),
        ("DATABASE_ROUTERS", "['tiny.late.Late']"),
        ("EMAIL_BACKEND", "'tiny.late.Late'"),
    ],
)
def test_what_settings_name_is_loaded(site, setting, value):
    append(site, "tiny/settings.py", "\n%s = %s\n" % (setting, value))
    append(site, "tiny/late.py", "import no_such_module\n")
    (said,) = ask(site, "wsgi", "tiny.wsgi:application", "/", "")
    assert said.startswith("%s, tiny.late.Late: ModuleNotFoundError: No module" % setting)
    append(site, "tiny/late.py", "syntax error here\n")
    with pytest.raises(ConfError, match=setting + ", tiny.late.Late: tiny/late.py, line 2: Syntax"):
        ask(site, "wsgi", "tiny.wsgi:application", "/", "")


@pytest.mark.parametrize("code", [0, 3])
def test_code_that_ends_the_process_is_refused(site, code):
    append(site, "tiny/urls.py", "\nimport os\nos._exit(%d)\n" % code)
    with pytest.raises(ConfError, match="fails, nothing was reloaded: exit status %d" % code):
        ask(site, "wsgi", "tiny.wsgi:application", "/", "")


def test_a_broken_module_that_nothing_loads_is_only_told(site):
    append(site, "tiny/settings.py", '\nINSTALLED_APPS += ["tiny"]\n')
    append(site, "tiny/later.py", "syntax error here\n")
    (said,) = ask(site, "wsgi", "tiny.wsgi:application", "/", "")
    assert said == "tiny/later.py, line 1: invalid syntax, which nothing has loaded yet"


def test_only_the_sites_own_files_that_are_not_loaded_are_looked_at(tmp_path, monkeypatch):
    """What is loaded has been compiled; what it says now need not be what was loaded."""
    site = tmp_path / "site"
    ours = site / "app"
    others = tmp_path / "app", tmp_path / "site-2" / "app", site / "site-packages" / "app"
    for folder in (ours, *others):
        folder.mkdir(parents=True)
        for name in ("loaded.py", "later.py", "notes.txt"):
            (folder / name).write_text("a syntax error\n")
    loaded = types.ModuleType("loaded_of_this_test")
    loaded.__file__ = str(ours / "loaded.py")
    monkeypatch.setitem(sys.modules, loaded.__name__, loaded)
    monkeypatch.setitem(sys.modules, "absent_of_this_test", None)
    configs = [types.SimpleNamespace(path=str(folder)) for folder in (*others, ours)]
    monkeypatch.setattr("django.apps.apps.get_app_configs", lambda: configs)
    said = []
    monkeypatch.setattr(rehearsal, "remark", said.append)
    monkeypatch.chdir(str(site))
    rehearsal.look_at_the_rest()
    (line,) = said
    assert line.startswith("app/later.py, line 1: ")


def test_a_rehearsal_that_hangs_is_ended_with_its_children(site):
    append(site, "tiny/wsgi.py", "\nimport time\ntime.sleep(600)\n")
    with pytest.raises(ConfError, match="was not ready within 3 s, nothing was reloaded"):
        ask_cold(site, "wsgi", "tiny.wsgi:application", "/", "", patience=3)
    assert site.processes() == {}


def test_a_command_that_is_gone_is_refused(site):
    append(
        site,
        "manage.py",
        '\nif __name__ == "__main__":\n    from django.core.management import '
        "execute_from_command_line as run\n    import sys\n    run(sys.argv)\n",
    )
    assert ask(site, "program", "manage.py", "check") == []
    with pytest.raises(ConfError, match="manage.py has no command no_such"):
        ask(site, "program", "manage.py", "no_such")
    with pytest.raises(ConfError, match="there is no module no_such"):
        ask(site, "program", "-m", "no_such")
    # One that is there and cannot be imported.
    folder = os.path.join(site.folder, "own", "management", "commands")
    os.makedirs(folder)
    for place in (folder, os.path.dirname(folder), os.path.join(site.folder, "own")):
        with open(os.path.join(place, "__init__.py"), "w"):
            pass
    with open(os.path.join(folder, "broken.py"), "w") as file:
        file.write("import no_such_library\n")
    append(site, "tiny/settings.py", '\nINSTALLED_APPS = INSTALLED_APPS + ["own"]\n')
    with pytest.raises(ConfError, match="No module named 'no_such_library'"):
        ask(site, "program", "manage.py", "broken")
