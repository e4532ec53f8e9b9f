"""
Load templates from inside packages where setuptools no longer brings pkg_resources.
https://setuptools.pypa.io/en/latest/history.html#v82-0-0
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions="<2.0",
    symptom="the egg template loader fails: Setuptools must be installed to use the egg loader",
)


@patch.when_imported("django.template.loaders.eggs")
def repair(eggs):
    if eggs.resource_string is not None:
        raise NotNeeded("pkg_resources is installed")
    import pkgutil

    def resource_string(package, name):
        """The bytes of a file in a package; OSError when there is none."""
        content = pkgutil.get_data(package, name)
        if content is None:
            raise OSError("%s has no loader that reads files" % package)
        return content

    patch.replace(eggs, "resource_string", resource_string)
