import os

import pytest

from tests.compat.patches.security.admin_probe import ADMIN
from tests.support.probe import prove, source


@source(ADMIN)
def code(client, os):
    from django.contrib.admindocs import utils
    from django.test.utils import setup_test_environment

    utils.docutils_is_available = True  # this page needs none

    setup_test_environment()  # answers have a context: what a template of the site could show

    def ask(name):
        answer = client().get("/admin/doc/templates/%s/" % name)
        if answer.status_code != 200:
            return answer.status_code
        (one,) = answer.context["templates"]
        return one["contents"], one["exists"], "does not exist" in answer.content.decode()

    print(ask("in/it.html"), ask("absent.html"), ask(os.environ["FORGED"]))


@pytest.mark.parametrize("forged", ["../secret", "in/../../secret", "absolute", "sibling"])
def test_no_file_outside_of_the_folders_is_shown(tmp_path, forged):
    folder = tmp_path / "templates"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "it.html").write_text("a template")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "templates2").mkdir()
    (tmp_path / "templates2" / "x").write_text("secret")
    forged = {"absolute": str(tmp_path / "secret"), "sibling": "../templates2/x"}.get(
        forged, forged
    )
    prove(
        "security.admindocs_templates",
        code,
        good="('a template', True, False) ('', False, True) 400",
        bad="('secret', True, False)",
        env={"TEMPLATE_DIRS": str(folder), "FORGED": forged.replace(os.sep, "/")},
    )
