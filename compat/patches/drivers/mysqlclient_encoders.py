"""
Connect to MySQL through mysqlclient 2.1 and later, and write Django's safe strings as strings.

Django copies the driver's encoders of str and bytes for its safe strings. There are none to copy
any more: the driver writes both itself, since 2.3.1 only what is exactly of these types.
https://github.com/PyMySQL/mysqlclient/pull/490
"""

import weakref

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    requires={"MySQLdb": ">=2.1"},
    symptom="no connection to MySQL can be made: KeyError: <class 'bytes'>",
)


@patch.when_imported("django.db.backends.mysql.base")
def repair(base):
    driver = base.Database
    if driver.__name__ != "MySQLdb":
        raise NotNeeded("%s stands in for it" % driver.__name__)
    wrapper = base.DatabaseWrapper
    stock = wrapper.get_new_connection
    patch.expect("encoders" in stock.__code__.co_names, "connections are made differently")

    def get_new_connection(self, conn_params):
        connection = driver.connect(**conn_params)
        literal = weakref.WeakMethod(connection.literal)  # no cycle: it would not be closed
        encoders = connection.encoders
        encoders[base.SafeText] = lambda text, _: literal()(str.__str__(text))
        encoders[base.SafeBytes] = lambda data, _: literal()(bytes(data))
        return connection

    patch.replace(wrapper, "get_new_connection", get_new_connection)
