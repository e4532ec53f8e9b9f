"""The advisories that do not reach Django 1.11: that what they are about is not there."""

import json

import pytest

from compat.advisories import data
from tests.support.gis import FOUND, needs_gis
from tests.support.probe import DJANGO, probe, source

# Advisory → an expression that is true of stock Django 1.11.
ABSENT = {
    "2022-28347": "not hasattr(QuerySet, 'explain')",
    "2022-36359": "not FileResponse(open(django.__file__, 'rb')).has_header('Content-Disposition')",
    "2023-23969": "not hasattr(trans_real.parse_accept_lang_header, 'cache_info')",
    "2024-39614": "'while ' not in getsource(trans_real.get_supported_language_variant)",
    "2024-41989": "len(floatformat('1e100000', 2)) < 20 and len(floatformat('1e-100000', 2)) < 20",
    "2024-42005": "not hasattr(models, 'JSONField') and find_spec(JSON) is None",
    "2024-53908": "find_spec(JSON) is None",
    "2025-13372": "not hasattr(models, 'FilteredRelation')",
    "2025-14550": "find_spec('django.core.handlers.asgi') is None",
    "2025-27556": "'normalize' not in getsource(http)",
    "2025-57833": "not hasattr(models, 'FilteredRelation')",
    "2025-64459": "models.Q(_connector='OR 1=1').connector == 'AND'",
    "2026-1287": "not hasattr(models, 'FilteredRelation')",
    "2026-1312": "not hasattr(models, 'FilteredRelation')",
    "2026-3902": "find_spec('django.core.handlers.asgi') is None",
    "2026-5766": "find_spec('django.core.handlers.asgi') is None",
    "2026-15920": "display_for_field('javascript:a', models.URLField(), '') == 'javascript:a'",
    "2026-33034": "find_spec('django.core.handlers.asgi') is None",
    "2026-53878": "not hasattr(validators, 'DomainNameValidator')",
    "2026-113733": "'view' not in User._meta.default_permissions",
}
NEEDS_GDAL = {
    "2026-53877": "'GDALException: Invalid data source' in told(lambda: GDALRaster(b'/vsimem/a'))",
    "2026-87890": "'GDALException: Invalid data source' in told(lambda: GDALRaster(b'/vsimem/a'))",
}
# What came into Django with a later repair of urlize and of uploads. Ours is another.
LATER = {"2024-41990", "2024-45230", "2026-108147"}


@source(DJANGO, FOUND)
def code_probe(LIBRARIES, json, os, settings):
    global \
        FileResponse, \
        GDALRaster, \
        JSON, \
        QuerySet, \
        User, \
        display_for_field, \
        find_spec, \
        floatformat, \
        getsource, \
        http, \
        models, \
        trans_real, \
        validators
    for name, path in LIBRARIES.items():
        setattr(settings, name, path)
    from importlib.util import find_spec
    from inspect import getsource

    from django.contrib.admin.utils import display_for_field
    from django.contrib.auth.models import User
    from django.core import validators
    from django.db import models
    from django.db.models.query import QuerySet
    from django.http import FileResponse
    from django.template.defaultfilters import floatformat
    from django.utils import http
    from django.utils.translation import trans_real

    if "GDALRaster" in os.environ["EXPRESSIONS"]:
        from django.contrib.gis.gdal import GDALRaster
    JSON = "django.db.models.fields.json"

    def told(function):
        try:
            return str(function())
        except Exception as error:
            return "%s: %s" % (type(error).__name__, error)

    expressions = json.loads(os.environ["EXPRESSIONS"])
    print(json.dumps([cve for cve, one in expressions.items() if not eval(one)]))


@pytest.mark.parametrize("expressions", [ABSENT, pytest.param(NEEDS_GDAL, marks=needs_gis)])
def test_the_code_is_not_there(expressions):
    result = probe(code_probe, disable="security.*", env={"EXPRESSIONS": json.dumps(expressions)})
    assert result.said == "[]", result.error


def test_each_of_the_25_is_looked_at():
    rows = data.parsed(data.DJANGO_NOT_PRESENT, data.NOT_PRESENT)
    looked = set(ABSENT) | set(NEEDS_GDAL) | LATER
    assert {"CVE-" + one for one in looked} == {one.id for one in rows}
    assert len(looked) == 25


# A file in base64, much larger than what may be in memory of it.
@source(DJANGO)
def upload():
    import base64
    import io
    import tracemalloc

    from django.core.files.uploadhandler import FileUploadHandler
    from django.http.multipartparser import MultiPartParser

    class Count(FileUploadHandler):
        size = largest = 0

        def receive_data_chunk(self, raw, start):
            self.size += len(raw)
            self.largest = max(self.largest, len(raw))

        def file_complete(self, size):
            pass

    def largest(content):
        body = (
            b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + content + b"\r\n--x--\r\n"
        )
        handler, stream = Count(), io.BytesIO(body)
        meta = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(len(body))}
        tracemalloc.start()
        MultiPartParser(meta, stream, [handler]).parse()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return handler.size, handler.largest <= handler.chunk_size, peak < 2**20

    whole = base64.b64encode(b"a" * 6000000)
    lines = b"\r\n".join(whole[n : n + 76] for n in range(0, len(whole), 76))
    print(largest(whole), largest(lines))


@pytest.mark.parametrize("disable", ["", "security.*"])
def test_an_upload_in_base64_is_never_in_memory_as_a_whole(disable):
    result = probe(upload, disable=disable)
    assert result.said == "(6000000, True, True) (6000000, True, True)", result.error


def test_urlize_takes_linear_time_for_what_later_repairs_broke():
    code = (
        DJANGO
        + """
import sys
from django.utils.html import urlize

def steps(text):
    count = 0

    def tracer(frame, event, argument):
        nonlocal count
        count += 1
        return tracer

    sys.settrace(tracer)
    urlize(text)
    sys.settrace(None)
    return count

for text in ("&:" + ";", "a@b.c" + "&amp;", "http://a.b/" + "&lt;", "x." + ";."):
    few, many = (steps(text + text[-2:] * n) for n in (500, 2000))
    print(many < 6 * few, len(urlize(text + text[-2:] * 50000)) > 50000)
"""
    )
    result = probe(code)
    assert result.said == "\n".join(["True True"] * 4), result.error
