"""
Recognise UTC when psycopg2 tells the offset as a timedelta.
https://github.com/psycopg/psycopg2/issues/1293
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<3.1",
    requires={"psycopg2": ">=2.9"},
    symptom="reading a time from PostgreSQL fails: database connection isn't set to UTC",
)


@patch.when_imported("django.db.backends.postgresql.base")
def repair(base):
    stock = base.utc_tzinfo_factory

    def utc_tzinfo_factory(offset):
        """`offset` in minutes, or as a timedelta."""
        if hasattr(offset, "total_seconds"):
            offset = offset.total_seconds()
        return stock(offset)

    patch.replace(base, "utc_tzinfo_factory", utc_tzinfo_factory)
