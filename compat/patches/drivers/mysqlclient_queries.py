"""
Tell the SQL that was sent to MySQL, where mysqlclient keeps it under another name.
https://code.djangoproject.com/ticket/30013
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    requires={"MySQLdb": ">=1.3.14"},
    symptom="connection.queries, the SQL log and the debug toolbar show None for every query",
)


@patch.when_imported("django.db.backends.mysql.operations")
def repair(operations):
    owner = operations.DatabaseOperations
    stock = owner.last_executed_query

    def last_executed_query(self, cursor, sql, params):
        if not hasattr(cursor, "_last_executed") and hasattr(cursor, "_executed"):
            return operations.force_text(cursor._executed, errors="replace")
        return stock(self, cursor, sql, params)

    patch.replace(owner, "last_executed_query", last_executed_query)
