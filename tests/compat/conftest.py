"""Fixtures that several rooms share."""

from tests.deploy.conftest import migrated_database, site  # noqa: F401
