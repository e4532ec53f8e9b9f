"""A repair after the import of its target works; one that does not know it changes nothing."""

import pytest

from tests.support.probe import DJANGO, LANE, probe, source

# patch → (module, path of an attribute that it repairs in there)
TARGETS = [
    ("archive_members", "django.utils.archive", "ZipArchive.extract"),
    ("broken_unicode", "django.utils.encoding", "repercent_broken_unicode"),
    ("cache_directory_modes", "django.core.cache.backends.filebased", "FileBasedCache._createdir"),
    ("directory_modes", "django.core.files.storage", "FileSystemStorage._save"),
    ("header_parameters", "django.http.multipartparser", "_parse_header_params"),
    ("header_parameters", "cgi", "_parseparam"),
    ("mod_wsgi_timing", "django.contrib.auth.handlers.modwsgi", "check_password"),
    ("multipart_parser", "django.http.multipartparser", "MultiPartParser.parse"),
    ("query_separators", "django.utils.http", "FIELDS_MATCH"),
    ("signed_cookie_salts", "django.http", "HttpRequest.get_signed_cookie"),
    ("signed_cookie_salts", "django.http.response", "HttpResponseBase.set_signed_cookie"),
    ("storage_names", "django.core.files.storage", "Storage.save"),
    ("upload_names", "django.core.files.uploadedfile", "UploadedFile.name"),
    ("upload_names", "django.core.files.storage", "Storage.generate_filename"),
    ("upload_names", "django.db.models.fields.files", "FileField.generate_filename"),
    ("url_trailing_newline", "django.urls.resolvers", "RegexURLPattern.resolve"),
]


@source
def code(MODULE, NAME, OTHER, PATH):
    global django, re
    import importlib
    import os
    import re

    from compat import patches

    module = importlib.import_module(MODULE)
    import django.core.cache.backends.filebased
    import django.db.models
    import django.http
    import django.urls

    owner = module
    *steps, name = PATH.split(".")
    for step in steps:
        owner = getattr(owner, step)
    if OTHER:
        setattr(owner, name, lambda *arguments, **more: None)
    found = [vars(owner)[name]]  # in a list, for variables of modules are repaired too

    # As if the bridge were installed only now.
    del os.environ["COMPAT_DISABLE"]
    (patch,) = [one for one in patches.every() if one.name == NAME]
    patch.left_out = False
    patch.arm()
    print(patch.state()[0], vars(owner)[name] is found[0])


def said(name, module, path, other):
    name = "security." + name
    values = "NAME, MODULE, PATH, OTHER = %r\n" % ((name, module, path, other),)
    result = probe(DJANGO + values + code, disable=name)
    assert not result.returncode, result.error
    return result.said.splitlines()[-1]


@pytest.mark.skipif(bool(LANE), reason="the lanes have the same Django")
@pytest.mark.parametrize("name, module, path", TARGETS)
def test_after_the_import_and_on_another_target(name, module, path):
    assert said(name, module, path, False) == "applied False"
    assert said(name, module, path, True) == "refused True"
