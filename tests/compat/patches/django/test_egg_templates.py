from tests.support.probe import DJANGO, probe, source

NAME = "django.egg_templates"


@source(DJANGO)
def code():
    import os
    import sys
    import tempfile
    import zipfile

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


@source
def without():
    import sys

    sys.modules["pkg_resources"] = None


@source
def with_probe():
    import pkgutil
    import sys
    import types

    sys.modules["pkg_resources"] = module = types.ModuleType("pkg_resources")
    module.resource_string = pkgutil.get_data


GOOD = "from the egg\nno such template"


def test_a_template_in_an_egg_without_pkg_resources():
    patched = probe(without + code, patch=NAME)
    assert (patched.said, patched.states[NAME]) == (GOOD, "applied"), patched.error
    assert "Setuptools must be installed" in probe(without + code, disable=NAME).said


def test_pkg_resources_is_used_where_it_is():
    untouched = probe(with_probe + code, patch=NAME)
    assert (untouched.said, untouched.states[NAME]) == (GOOD, "not needed"), untouched.error
