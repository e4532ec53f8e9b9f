"""Source that probes of GeoDjango begin with, and the servers that they talk to."""

import glob
import importlib.util
import os
from ctypes.util import find_library

import pytest


def in_wheel(package, pattern):
    """The path of a file in an installed package or beside it; "" when there is none."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or []:
        for path in glob.glob(os.path.join(glob.escape(folder), pattern)):
            return os.path.abspath(path)
    return ""


# The system's, which Django finds itself, or those that wheels bring for themselves.
GEOS = find_library("geos_c") or in_wheel("shapely", "../shapely.libs/libgeos_c-*")
GDAL = find_library("gdal") or in_wheel("pyogrio", "../pyogrio.libs/libgdal-*")
MISSING = [name for name, found in (("geos_c", GEOS), ("gdal", GDAL)) if not found]
needs_gis = pytest.mark.skipif(MISSING, reason="not installed: lib%s" % ", lib".join(MISSING))
WHEELS = {}
for name, path in (("GEOS_LIBRARY_PATH", GEOS), ("GDAL_LIBRARY_PATH", GDAL)):
    if os.path.isabs(path):
        WHEELS[name] = path
FIRST, DATA = [], {}
if "GEOS_LIBRARY_PATH" in WHEELS:
    FIRST.append(in_wheel("shapely", "../shapely.libs/libgeos-*"))
if "GDAL_LIBRARY_PATH" in WHEELS:
    DATA["GDAL_DATA"] = in_wheel("pyogrio", "gdal_data")
    DATA["PROJ_DATA"] = DATA["PROJ_LIB"] = in_wheel("pyogrio", "proj_data")

# `LIBRARIES`: settings of Django that name them.
FOUND = """
import ctypes, os
os.environ.update(%r)
for path in %r:
    ctypes.CDLL(path)  # the one below needs it, and would not find it
LIBRARIES = %r
""" % (DATA, FIRST, WHEELS)

GIS = (
    FOUND
    + """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": json.loads(os.environ.get("DATABASE", "{}"))}, **LIBRARIES
)
django.setup()

def told(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
# Shared up to here.
"""
)

# `base`: the URL of a server that has a reference for everybody; `asked`: the paths asked for.
HTTP = (
    GIS
    + """
import tempfile, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
asked = []

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"EPSG:3857")

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d/" % server.server_port
os.environ["no_proxy"] = "*"
"""
)


# A probe that makes an empty database one of PostGIS.
EXTENSIONS = """
import psycopg2
one = settings.DATABASES["default"]
connection = psycopg2.connect(
    host=one["HOST"], port=one["PORT"], user=one["USER"], dbname=one["NAME"])
with connection, connection.cursor() as cursor:
    cursor.execute("CREATE EXTENSION postgis")
    cursor.execute("CREATE EXTENSION postgis_raster")
print("made")
"""
