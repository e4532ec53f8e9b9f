from tests.support.probe import DJANGO, probe

NAME = "django.egg_templates"
CODE = (
    DJANGO
    + """
import os, sys, tempfile, zipfile
from django.apps import apps
from django.template import Engine, TemplateDoesNotExist

egg = os.path.join(tempfile.mkdtemp(), "shop.egg")
with zipfile.ZipFile(egg, "w") as file:
    file.writestr("shop/__init__.py", "")
    file.writestr("shop/templates/shop/page.html", "from the egg")
sys.path.insert(0, egg)
apps.set_installed_apps(["shop"])
engine = Engine(loaders=["django.template.loaders.eggs.Loader"])
print(engine.get_template("shop/page.html").source)
try:
    engine.get_template("shop/none.html")
except TemplateDoesNotExist:
    print("no such template")
"""
)
WITHOUT = 'import sys\nsys.modules["pkg_resources"] = None\n'
WITH = """
import pkgutil, sys, types
sys.modules["pkg_resources"] = module = types.ModuleType("pkg_resources")
module.resource_string = pkgutil.get_data
"""
GOOD = "from the egg\nno such template"


def test_a_template_in_an_egg_without_pkg_resources():
    cured = probe(WITHOUT + CODE)
    assert (cured.said, cured.states[NAME]) == (GOOD, "applied"), cured.error
    assert "Setuptools must be installed" in probe(WITHOUT + CODE, disable=NAME).said


def test_pkg_resources_is_used_where_it_is():
    untouched = probe(WITH + CODE)
    assert (untouched.said, untouched.states[NAME]) == (GOOD, "not needed"), untouched.error
