"""Which settings module is rendered, where manage.py, wsgi.py and asgi.py do not say the same."""

import os
import textwrap

import pytest

from deploy_conf import settings_module
from deploy_conf.errors import BadValue

SET = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "%s")\n'
FORCE = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "%s"\n'
LOCAL, PRODUCTION = "config.settings.local", "config.settings.production"


@pytest.fixture(autouse=True)
def no_exported_variable(monkeypatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


@pytest.fixture
def site(tmp_path):
    """site(file=text) → the folder, with these files."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/", 1 if name.endswith("__") else -1)
            path = path.with_name(path.name + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return str(tmp_path)

    return write


def split(site, wsgi=SET % PRODUCTION, asgi=SET % PRODUCTION, manage=SET % LOCAL):
    files = {"manage": manage, "config__wsgi": wsgi, "config__asgi": asgi}
    return site(**{name: text for name, text in files.items() if text is not None})


def test_what_the_servers_name_counts_and_is_said(site):
    found = settings_module.choose(None, split(site))
    assert found.module == PRODUCTION
    assert found.source == "config/wsgi.py and config/asgi.py"
    assert found.remark == (
        "settings config.settings.production, as config/wsgi.py and config/asgi.py say "
        "(manage.py: config.settings.local)"
    )


def test_where_all_agree_nothing_is_said(site):
    folder = split(site, manage=SET % PRODUCTION)
    assert settings_module.choose(None, folder) == (
        PRODUCTION,
        "config/wsgi.py and config/asgi.py",
        "",
    )


@pytest.mark.parametrize("missing", ["wsgi", "asgi"])
def test_one_of_them_is_enough(site, missing):
    folder = split(site, **{missing: None})
    assert settings_module.choose(None, folder).module == PRODUCTION


def test_manage_py_counts_where_there_is_neither(site):
    folder = split(site, wsgi=None, asgi=None)
    assert settings_module.choose(None, folder) == (LOCAL, "manage.py", "")
    assert settings_module.choose(None, site(manage="import os\n")).module is None


def test_files_that_differ_are_refused_unless_the_option_says_which(site):
    folder = split(site, asgi=SET % "config.settings.live")
    with pytest.raises(BadValue) as error:
        settings_module.choose(None, folder)
    assert str(error.value) == (
        "config/wsgi.py (config.settings.production) and config/asgi.py (config.settings.live) "
        "differ: say which with --settings"
    )
    assert settings_module.choose("config.settings.live", folder).source == "--settings"


def test_an_exported_variable_wins_and_that_is_said(site, monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.test")
    found = settings_module.choose(None, split(site))
    assert found.module == "config.settings.test"
    assert "the exported variable DJANGO_SETTINGS_MODULE wins over" in found.remark
    assert PRODUCTION in found.remark
    assert settings_module.choose(LOCAL, split(site)) == (LOCAL, "--settings", "")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", PRODUCTION)
    assert settings_module.choose(None, split(site)).remark == ""


def test_what_a_file_forces_cannot_be_overruled(site, monkeypatch):
    folder = split(site, wsgi=FORCE % PRODUCTION)
    assert settings_module.choose(None, folder).module == PRODUCTION
    with pytest.raises(BadValue, match="config/wsgi.py sets config.settings.production whatever"):
        settings_module.choose(LOCAL, folder)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", LOCAL)
    with pytest.raises(BadValue, match="^DJANGO_SETTINGS_MODULE: "):
        settings_module.choose(None, folder)


@pytest.mark.parametrize(
    "text",
    [
        # The first match of a pattern is not what counts.
        """
        import os
        if os.environ.get("TESTING"):
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
        """,
        """
        import os
        # os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
        '''os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")'''
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
        """,
        """
        from os import environ
        if "DJANGO_SETTINGS_MODULE" not in environ:
            environ["DJANGO_SETTINGS_MODULE"] = "config.settings.production"
        """,
        """
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.production"
        """,
        """
        import os
        NAME = "config.settings.production"
        os.environ.update({"DJANGO_SETTINGS_MODULE": NAME})
        """,
        """
        import os
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.production")
        """,
        """
        import os
        try:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
        except ImportError:
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        """,
        """
        import os
        def for_the_tests():
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        NAME, MODULE = "DJANGO_SETTINGS_MODULE", "config.settings.production"
        os.environ.setdefault(NAME, MODULE)
        """,
        """
        import os
        MODULE: str = "config.settings.production"
        if __name__ == "__main__":
            os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
        else:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", MODULE)
        """,
    ],
)
def test_a_file_is_read_as_python_runs_it(site, text):
    assert settings_module.choose(None, split(site, wsgi=text, asgi=None)).module == PRODUCTION


@pytest.mark.parametrize(
    "text, part",
    [
        (
            """
            import os
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings." + os.environ["X"])
            """,
            "computes",
        ),
        (
            """
            import os
            if os.environ.get("TESTING"):
                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
            else:
                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
            """,
            "chooses between several values",
        ),
        (
            """
            import os
            NAME = "config.settings.production"
            if os.environ.get("TESTING"):
                NAME = "config.settings.test"
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", NAME)
            """,
            "computes",
        ),
        (
            """
            import os
            NAME = "config.settings"
            NAME += ".production"
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", NAME)
            """,
            "computes",
        ),
        (
            """
            from os import environ
            environ.setdefault(key="DJANGO_SETTINGS_MODULE", value="config.settings.production")
            """,
            "computes",
        ),
    ],
)
def test_what_cannot_be_known_is_asked_for(site, text, part):
    folder = split(site, wsgi=text, asgi=None)
    with pytest.raises(BadValue, match="config/wsgi.py %s.*--settings" % part):
        settings_module.choose(None, folder)
    assert settings_module.choose(PRODUCTION, folder).module == PRODUCTION


def test_manage_py_that_runs_main_is_read(site):
    manage = """
        import os, sys
        def main():
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
        if __name__ == "__main__":
            main()
        """
    assert settings_module.choose(None, split(site, None, None, manage)).module == LOCAL


def test_the_files_are_found_beside_the_settings_or_above_or_by_the_option(site):
    folder = site(
        manage=SET % LOCAL,
        wsgi=SET % "wrong.settings",
        config__wsgi=SET % "config.settings.above",
        config__settings__wsgi=SET % PRODUCTION,
        other__wsgi=SET % "other.settings",
    )
    assert settings_module.choose(None, folder).source == "config/settings/wsgi.py"
    given = settings_module.choose(None, folder, wsgi="other.wsgi:application")
    assert given[:2] == ("other.settings", os.path.join("other", "wsgi.py"))


def test_a_site_without_manage_py_is_found(site):
    assert settings_module.choose(None, site(mine__wsgi=SET % PRODUCTION)).module == PRODUCTION


CELERY = "from .celery import app\n"


def test_what_a_package_imports_first_is_said_and_does_not_count_more_than_wsgi_py(site):
    split(site)
    folder = site(config____init__=CELERY, config__celery=SET % "config.settings.worker")
    assert settings_module.choose(None, folder) == (
        PRODUCTION,
        "config/wsgi.py and config/asgi.py",
        "settings config.settings.production, as config/wsgi.py says (config/celery.py, which is "
        "imported before: config.settings.worker)",
    )


def test_what_a_package_forces_counts_as_it_does_when_it_runs(site):
    split(site)
    folder = site(config____init__=CELERY, config__celery=FORCE % "config.settings.worker")
    assert settings_module.choose(None, folder).module == "config.settings.worker"
    with pytest.raises(BadValue, match="config.settings.worker whatever the environment says"):
        settings_module.choose(PRODUCTION, folder)


def test_a_file_that_imports_the_application_names_what_the_other_file_does(site):
    split(site, wsgi="from config.common.web import application\n", asgi=None)
    folder = site(config__common__web=SET % PRODUCTION)
    assert settings_module.choose(None, folder).module == PRODUCTION


def test_what_comes_too_late_does_not_count(site):
    split(site, wsgi=SET % PRODUCTION + "import config.late\n", asgi=None)
    folder = site(config__late=SET % "config.settings.test")
    assert "config.late" not in settings_module.choose(None, folder).remark


def test_manage_py_counts_where_they_name_none(site):
    folder = split(site, wsgi="import os\n", asgi="import config\n")
    assert settings_module.choose(None, folder) == (LOCAL, "manage.py", "")


def test_a_file_that_is_no_python_is_refused_rather_than_left_out(site):
    folder = split(site, wsgi='print "for Python 2"\n' + SET % PRODUCTION)
    with pytest.raises(BadValue, match="^config/wsgi.py, line 1: SyntaxError: "):
        settings_module.choose(None, folder)
    assert settings_module.choose(PRODUCTION, folder).module == PRODUCTION
