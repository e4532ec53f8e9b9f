from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source

pytestmark = needs_gis
NAME = "security.raster_bands"


@source(GIS)
def code_probe():
    from django.contrib.gis.db import models
    from django.contrib.gis.gdal import GDALRaster
    from django.db import connection

    class Tile(models.Model):
        rast = models.RasterField()

        class Meta:
            app_label = "contenttypes"

    def square(x):
        return GDALRaster(
            {
                "driver": "MEM",
                "srid": 4326,
                "width": 2,
                "height": 2,
                "origin": (x, 0),
                "scale": (1, -1),
                "bands": [{"data": range(1, 5)}],
            }
        )

    # What `migrate` makes is not asked for here, but its constraints want a raster there is.
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS contenttypes_tile")
    with connection.schema_editor() as editor:
        editor.create_model(Tile)
    Tile.objects.create(rast=square(0))

    def found(band, x):
        return Tile.objects.filter(rast__intersects=(square(x), band)).count()


def test_a_band_is_no_sql(postgis):
    prove(
        NAME,
        code_probe + """print(told(found, "1) OR (1=1", 40))""",
        good="TypeError: the index of a band must be an integer, not '1) OR (1=1'",
        bad="1",  # a raster that is far away was found
        env={"DATABASE": postgis},
    )


def test_numbers_of_bands_mean_the_same(postgis):
    @source(code_probe)
    def code(Tile, found, square):
        print(
            found(1, 0),
            found(1, 40),
            Tile.objects.filter(rast__0__intersects=(square(0), 1)).count(),
            Tile.objects.filter(
                rast__intersects=(square(0).transform(4326, driver="MEM"), 1)
            ).count(),
        )

    said = {probe(code, disable=one, env={"DATABASE": postgis}).said for one in ("", NAME)}
    assert said == {"1 0 1 1"}
