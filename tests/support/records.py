"""Rows that tests save, and what the deploy app has written about them."""

import re

from django.contrib.auth import get_user_model

from deploy import lifecycle, logs
from deploy.models import Service


def make_service(uid="web", command=("true",), **fields):
    """Save and return a service."""
    fields.setdefault("name", uid.title())
    return Service.objects.create(uid=uid, command=list(command), **fields)


def make_user(name="ann", superuser=False):
    """Save and return a user; the password is the name."""
    users = get_user_model().objects
    if superuser:
        return users.create_superuser(name, "", name)
    return users.create_user(name, password=name)


def log_of(deployment):
    """Return the whole text that a deployment wrote."""
    return "".join(logs.pieces(deployment, deployment.since, lifecycle.output_end(deployment)))


def without_colours(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def states_of(deployment):
    """Return the states in the stream of a deployment, in order."""
    from compat.streams import read

    bodies = [row.body for row in read(deployment.service.stream, 0, 5000)]
    return [b["state"] for b in bodies if b["k"] == "state" and b["d"] == deployment.pk]
