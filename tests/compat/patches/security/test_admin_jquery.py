import json

import pytest

from tests.support.probe import probe, prove, source

NAME = "security.admin_jquery"
JQUERY = "admin/js/vendor/jquery/jquery%s.js"
CODE = """
import django, io, re, time
from django.conf import settings
options = json.loads(os.environ.get("OPTIONS", "{}"))
settings.configure(**dict(dict(
    SECRET_KEY="probe", STATIC_URL="/static/", DEBUG=False,
    INSTALLED_APPS=["django.contrib." + app for app in (
        "contenttypes", "auth", "sessions", "messages", "admin", "staticfiles")],
), **options))
django.setup()
from compat.advisories import data, verdicts
from compat.checks import patches as checks
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

NAMES = ["admin/js/vendor/jquery/jquery%s.js" % kind for kind in ("", ".min")]

def version(path):
    with open(path, encoding="utf-8") as file:
        return re.search(r"v([\\d.]+)", file.read(300)).group(1)

def claimed():
    found = [one for one in verdicts.outcomes() if one.advisory.component == "jquery"]
    assert len(found) == 4 and len({(one.status, one.reason) for one in found}) == 1
    return "%s: %s" % (found[0].status, found[0].reason)

def collect():
    call_command("collectstatic", interactive=False, verbosity=0)
    return [version(staticfiles_storage.path(name)) for name in NAMES]
"""
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


def options(**settings):
    return {"OPTIONS": json.dumps(settings)}


@pytest.mark.parametrize("kind", ["", ".min"])
def test_the_finders_find_a_sound_one(kind):
    prove(
        NAME,
        CODE + "print(version(finders.find(%r)))" % (JQUERY % kind),
        good="3.7.1",
        bad="2.2.3",
    )


def test_nothing_else_is_found_elsewhere():
    code = CODE + "for finder in finders.get_finders():\n"
    code += "    for path, storage in finder.list([]): print(path, storage.path(path))"
    patched, stock = (set(probe(code, disable=one).said.splitlines()) for one in ("", NAME))
    assert {line.split()[0] for line in patched ^ stock} == {JQUERY % "", JQUERY % ".min"}
    assert len(patched) == len(stock) > 50


@pytest.mark.parametrize("zone", [True, False])
def test_collectstatic_replaces_an_old_copy_however_new_it_is(zone, tmp_path):
    env = options(STATIC_ROOT=str(tmp_path / "static"), USE_TZ=zone, TIME_ZONE="Pacific/Auckland")
    assert probe(CODE + "print(collect())", disable=NAME, env=env).said == "['2.2.3', '2.2.3']"

    @source
    def claim(checks, claimed, collect, settings):
        print(claimed().replace(settings.STATIC_ROOT, "ROOT"))
        print([one.id for one in checks.check_patches(None)])
        print(*collect())
        print(claimed())
        print([one.id for one in checks.check_patches(None)])

    result = probe(CODE + claim, env=env)
    old = "ROOT/%s is jQuery 2.2.3"
    assert result.said.splitlines() == [
        "open: %s: not in effect (%s)"
        % (NAME, "; ".join(old % (JQUERY % k) for k in ("", ".min"))),
        "['compat.W001', 'compat.W006']" if "W001" in result.said else "['compat.W006']",
        "3.7.1 3.7.1",
        "fixed: %s: applied" % NAME,
        "['compat.W001']" if "W001" in result.said else "[]",
    ], result.error


def test_a_storage_with_hashes_has_it_under_its_own_hash(tmp_path):
    env = options(STATIC_ROOT=str(tmp_path / "static"), STATICFILES_STORAGE=MANIFEST)

    @source(CODE)
    def code(NAMES, claimed, collect, staticfiles_storage, version):
        collect()
        paths = [staticfiles_storage.path(staticfiles_storage.stored_name(name)) for name in NAMES]
        print(*[version(path) for path in paths])
        print(len(set(paths) & set(NAMES)), claimed())

    prove(
        NAME,
        code,
        good="3.7.1 3.7.1\n0 fixed: %s: applied" % NAME,
        bad="2.2.3 2.2.3\n0 open: %s: " % NAME,
        env=env,
    )


def test_a_copy_of_the_site_goes_first_and_is_looked_at(tmp_path):
    for kind in ("", ".min"):
        path = tmp_path / (JQUERY % kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("/*! jQuery v3.6.0 | (c) */")
    env = options(STATICFILES_DIRS=[str(tmp_path)])
    code = CODE + "print(version(finders.find(NAMES[0])), claimed())"
    assert probe(code, env=env).said == "3.6.0 fixed: %s: applied" % NAME
    said = probe(code, disable=NAME, env=env).said
    assert said.startswith("3.6.0 not affected: %s: not needed" % NAME)
    path.write_text("/*! jQuery v3.4.1 | (c) */")
    said = probe(code, env=env).said
    assert said.endswith("open: %s: not in effect (%s is jQuery 3.4.1)" % (NAME, path))


@source
def without():
    import sys

    sys.modules["xstatic"] = None


def test_without_the_package_it_says_what_to_install():
    result = probe(without + CODE + "print(version(finders.find(NAMES[0])), claimed())")
    assert result.said == "2.2.3 open: %s: refused (django.contrib.staticfiles.finders: " % NAME + (
        "XStatic-jQuery is not installed: pip install XStatic-jQuery==3.7.1.1)"
    )


@pytest.mark.parametrize("version, fits", [("3.4.1", False), ("3.5.0", True), ("4.0.0", False)])
def test_only_a_version_that_was_tried_is_taken(version, fits, tmp_path):
    data = tmp_path / "xstatic" / "pkg" / "jquery"
    data.mkdir(parents=True)
    (data / "__init__.py").write_text("BASE_DIR = %r" % str(data))
    for kind in ("", ".min"):
        (data / ("jquery%s.js" % kind)).write_text("/*! jQuery v%s | */" % version)
    first = "import sys\nsys.path.insert(0, %r)\n" % str(tmp_path)
    result = probe(first + CODE + "print(version(finders.find(NAMES[0])))", patch=NAME)
    assert result.said == (version if fits else "2.2.3")
    assert result.states[NAME] == ("applied" if fits else "refused")


@pytest.mark.parametrize(
    "apps, claim",
    [
        (
            ["contenttypes", "auth"],
            "not affected: %s: not needed (nothing that this site uses" % NAME,
        ),
        (["contenttypes", "auth", "admin"], "open: %s: not in effect (the site serves the" % NAME),
    ],
)
def test_sites_without_the_admin_or_without_staticfiles(apps, claim):
    env = options(INSTALLED_APPS=["django.contrib." + app for app in apps])
    result = probe(CODE.replace("from django.contrib.static", "# ") + "print(claimed())", env=env)
    assert result.said.startswith(claim), result.error


def test_nothing_is_claimed_in_a_process_that_is_not_set_up():
    @source
    def code():
        from compat.advisories import verdicts

        print({one.reason for one in verdicts.outcomes() if one.advisory.component == "jquery"})

    assert "Django is not set up in this process" in probe(code).said
