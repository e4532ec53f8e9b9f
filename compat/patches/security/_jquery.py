"""Which jQuery the admin of this site gets, and which one Django has brought."""

import os
import re

from ...patching.versions import release

FOLDER = "admin/js/vendor/jquery/"
NAMES = ("jquery.js", "jquery.min.js")
SOUND = (3, 5)  # the first with none of the published vulnerabilities


class Unknown(Exception):
    """Nobody can tell from here what is served."""


def version_in(path):
    """The version that the first lines of a file say it is, "" when they do not."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(r"jQuery (?:JavaScript Library )?v(\d+(?:\.\d+)+)", file.read(400))
    except OSError:
        return ""
    return found.group(1) if found else ""


def is_sound(version):
    return bool(version) and release(version) >= SOUND


def shipped():
    """The version in Django's own admin, "" when there is none."""
    try:
        import django
    except ImportError:
        return ""
    folder = os.path.dirname(os.path.abspath(django.__file__))
    return version_in(os.path.join(folder, "contrib", "admin", "static", FOLDER, NAMES[0]))


def served():
    """
    path → version, of every copy that this site's admin may be served.

    These are what the finders find, and what collectstatic has copied. {}: no admin. Unknown:
    there are no settings, or something else than django.contrib.staticfiles serves them.
    """
    try:
        from django.apps import apps
    except ImportError as error:  # without the bridge, on a Python newer than Django 1.11
        raise Unknown("Django cannot be imported: %s" % error)

    if not apps.ready:
        raise Unknown("Django is not set up in this process")
    if not apps.is_installed("django.contrib.admin"):
        return {}
    if not apps.is_installed("django.contrib.staticfiles"):
        raise Unknown("the site serves the admin's files without django.contrib.staticfiles")
    from django.contrib.staticfiles import finders

    paths = [finders.find(FOLDER + name) for name in NAMES] + list(collected())
    return {path: version_in(path) for path in paths if path}


def collected():
    """Paths of the copies that collectstatic has made, also those with a hash in their name."""
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.exceptions import ImproperlyConfigured

    for name in NAMES:
        for find in (str, getattr(staticfiles_storage, "stored_name", str)):
            try:
                path = staticfiles_storage.path(find(FOLDER + name))
            except (ImproperlyConfigured, ValueError):
                continue  # there is no STATIC_ROOT, or no such file in it
            except NotImplementedError:
                raise Unknown("what is collected is on no disk of this machine")
            if os.path.isfile(path):
                yield path


def complaint():
    """What is served that should not be, as one line; "" when all is well."""
    try:
        found = served()
    except Unknown as error:
        return str(error)
    old = ["%s is jQuery %s" % one for one in sorted(found.items()) if not is_sound(one[1])]
    return "; ".join(old)
