"""
Show the SQL of a migration on MySQL, for which mysqlclient 2.1 and later have no `escape()`.
https://github.com/PyMySQL/mysqlclient/pull/511
"""

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    requires={"MySQLdb": ">=2.1"},
    symptom="sqlmigrate fails for a field with a default: MySQLdb has no attribute 'escape'",
)


@patch.when_imported("django.db.backends.mysql.schema")
def repair(schema):
    import MySQLdb

    if hasattr(MySQLdb, "escape"):
        raise NotNeeded("%s has escape()" % MySQLdb.__name__)

    def quote_value(self, value):
        """The value as it stands in SQL, text."""
        self.connection.ensure_connection()
        driver = self.connection.connection
        return driver.literal(value).decode(driver.encoding)

    patch.replace(schema.DatabaseSchemaEditor, "quote_value", quote_value)
