"""
Call PostGIS 3 by the names that are left: distance(), length(), mem_size() and AsKML() fail.

Names with underscores are gone since 3.0, with others in their place since 2.2; ST_AsKML takes no
version any more.
https://postgis.net/docs/release_notes.html
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="with PostGIS 3: function st_distance_sphere(geometry, geometry) does not exist",
)
# Attribute of PostGISOperations, which the methods of GeoQuerySet ask → name of the function.
NAMES = {
    "distance_sphere": "DistanceSphere",
    "distance_spheroid": "DistanceSpheroid",
    "length_spheroid": "LengthSpheroid",
    "mem_size": "MemSize",
}


@patch.when_imported("django.contrib.gis.db.backends.postgis.operations")
def repair(operations):
    cls = operations.PostGISOperations
    patch.expect(
        hasattr(cls, "function_names") and not set(NAMES) & set(vars(cls)),
        "names are kept elsewhere",
    )
    for attribute, function in NAMES.items():
        # The database is asked for its version only when there is a query.
        patch.add(
            cls,
            attribute,
            property(
                lambda self, function=function: self.spatial_function_name(function),
                lambda self, value: None,
            ),
        )


@patch.when_imported("django.contrib.gis.db.models.functions")
def repair_kml(functions):
    cls = functions.AsKML
    patch.expect("as_postgresql" not in vars(cls), "it has a form for PostgreSQL")

    def as_postgresql(self, compiler, connection):
        clone = self.copy()
        if connection.ops.spatial_version >= (3, 0, 0):
            clone.set_source_expressions(clone.get_source_expressions()[1:])
        return clone.as_sql(compiler, connection)

    patch.add(cls, "as_postgresql", as_postgresql)
