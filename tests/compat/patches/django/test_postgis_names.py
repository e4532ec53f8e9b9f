from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source

pytestmark = needs_gis
NAME = "django.postgis_names"


@source(GIS)
def code(told):
    from django.contrib.gis.db import models
    from django.contrib.gis.db.models.functions import AsKML, Length
    from django.contrib.gis.geos import LineString, Point
    from django.db import connection

    class Way(models.Model):
        line = models.LineStringField()
        start = models.PointField()

        objects = models.GeoManager()

        class Meta:
            app_label = "contenttypes"

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS contenttypes_way")
    with connection.schema_editor() as editor:
        editor.create_model(Way)
    Way.objects.create(line=LineString((0, 0), (1, 0)), start=Point(0, 0))

    def round_m(name, made):
        return round(getattr(made.get(), name).m)

    point = Point(1, 0, srid=4326)
    print(told(lambda: round_m("distance", Way.objects.distance(point, field_name="start"))))
    print(told(lambda: round_m("length", Way.objects.length(field_name="line"))))
    print(told(lambda: Way.objects.mem_size(field_name="line").get().mem_size > 32))
    print(told(lambda: Way.objects.annotate(kml=AsKML("start", precision=3)).get().kml))
    print(told(lambda: round_m("long", Way.objects.annotate(long=Length("line")))))


def test_functions_of_postgis_3_are_found(postgis):
    env = {"DATABASE": postgis}
    version = "print(connection.ops.spatial_version >= (3, 0, 0))"
    needed = probe(code + version, env=env).said.endswith("True")
    good = "111195\n111319\nTrue\n<Point><coordinates>0,0</coordinates></Point>\n111319"
    patched = probe(code, env=env)
    assert patched.said == good, patched.error
    if needed:
        prove(NAME, code, good, bad="function st_distance_sphere(", env=env)
        lines = probe(code, disable=NAME, env=env).said.splitlines()
        assert sum("does not exist" in line for line in lines) == 4
