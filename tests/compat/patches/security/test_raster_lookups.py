import json

import pytest

from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source

pytestmark = needs_gis
NAME = "security.raster_lookups"
CODE = (
    GIS
    + """
from django.contrib.gis.db import models
from django.contrib.gis.gdal import GDALRaster
from django.contrib.gis.geos import Point

class Place(models.Model):
    point = models.PointField()

    class Meta:
        app_label = "contenttypes"

path = os.environ["RASTER"]
raster = {"driver": "GTiff", "name": path, "srid": 4326, "width": 1, "height": 1,
          "bands": [{"data": [7]}]}

def look(value):
    Place.objects.filter(point__bboverlaps=value)
    return "looked up"

said = told(look, VALUE)
print("written" if os.path.exists(path) else "nothing written", "|", said)
"""
)
DICT = (
    "a spatial lookup takes no dict: make it a GDALRaster, if nobody else can choose what is in it"
)


@pytest.fixture
def env(tmp_path):
    return {"RASTER": str(tmp_path / "a.tif")}


@pytest.mark.parametrize(
    "value, error", [("raster", DICT), ("(raster, 0)", DICT), ("json.dumps(raster)", "Couldn't")]
)
def test_a_lookup_writes_no_raster(value, error, env):
    code = CODE.replace("VALUE", value)
    result = probe(code, env=env)
    assert result.said.startswith("nothing written | ValueError: " + error), result.error
    prove(
        NAME,
        code.replace('"|", said', 'said.split(":")[0]'),
        good="nothing written ValueError",
        bad="written looked up",
        env=env,
    )


@source
def opened(look, path, told):
    from unittest import mock

    from django.contrib.gis.gdal.raster import source

    with open(path, "wb") as file:
        file.write(b"no raster")
    opened = []
    with mock.patch.object(source.capi, "open_ds", lambda name, write: opened.append(name)):
        told(look, path)
    print("opened" if opened else "not opened")


def test_a_lookup_opens_no_file(env):
    # Which of GDAL's drivers opens what is GDAL's matter; this is all that Django does.
    code = CODE.rpartition("said =")[0] + opened
    prove(NAME, code, good="not opened", bad="opened", env=env)


@pytest.mark.parametrize(
    "value",
    ["Point(1, 2)", "'POINT (1 2)'", "GDALRaster(dict(raster, driver='MEM'))", "(Point(1, 2), 0)"]
    + [repr(json.dumps({"type": "Point", "coordinates": [1, 2]})), "Point(1, 2).hex"],
)
def test_geometries_and_rasters_are_looked_up_as_before(value, env):
    said = {probe(CODE.replace("VALUE", value), disable=one, env=env).said for one in ("", NAME)}
    assert said == {"nothing written | looked up"}


def test_the_setting_brings_it_back(env):
    code = CODE.replace("VALUE", "raster").replace(
        "said =", "settings.COMPAT_ALLOW_RASTER_LOOKUPS = True\nsaid ="
    )
    result = probe(code, env=env)
    assert result.said == "written | looked up", result.error


def test_rasters_are_assigned_as_before(env):
    code = CODE.rpartition("said =")[0]

    @source
    def body(models, os, path, raster):
        class Tile(models.Model):
            rast = models.RasterField()

            class Meta:
                app_label = "contenttypes"

        print(Tile(rast=raster).rast.width, os.path.exists(path))

    code += body
    assert probe(code, env=env).said == "1 True"
