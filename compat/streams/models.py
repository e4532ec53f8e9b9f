"""The log: one row a stream, one row an entry."""

from django.db import models
from django.utils import timezone

from .names import MAX_NAME


class Stream(models.Model):
    """
    A named log; `last_seq` is the sequence number of its last committed entry, `size` what the
    entries that are kept take, in characters of JSON. The random `epoch` says which history the
    numbers belong to; see epochs.py.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=MAX_NAME, unique=True)
    last_seq = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    # Null, so that processes of the version before, which do not know it, can add streams.
    epoch = models.CharField(max_length=16, null=True)

    class Meta:
        app_label = "streams"
        # Django 1.11 has none to view; the name of later versions' would be taken.
        permissions = [("read_stream", "Can read streams in the admin")]

    def __str__(self):
        return f"{self.name} ({self.last_seq})"


class Entry(models.Model):
    """One entry; `body` is JSON text in ASCII, `seq` counts from 1 without gaps in a stream."""

    id = models.BigAutoField(primary_key=True)
    # The unique pair below serves as the index of the foreign key.
    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    seq = models.BigIntegerField()
    body = models.TextField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "streams"
        unique_together = [("stream", "seq")]

    def __str__(self):
        return f"{self.stream_id}:{self.seq}"


class Key(models.Model):
    """What publish(key=…) was called with, and the entries that it made; see keys.py."""

    id = models.BigAutoField(primary_key=True)
    # No constraint: processes of the version before, which do not know it, may delete a stream.
    stream = models.ForeignKey(
        Stream,
        on_delete=models.CASCADE,
        related_name="keys",
        db_index=False,
        db_constraint=False,
    )
    key_digest = models.CharField(max_length=40)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        app_label = "streams"
        unique_together = [("stream", "key_digest")]

    def __str__(self):
        return f"{self.stream_id}:{self.first_seq}"


class Server(models.Model):
    """A process in which somebody follows with presence, and its lease; see roll.py."""

    id = models.CharField(max_length=16, primary_key=True)
    machine = models.CharField(max_length=16)
    pid = models.IntegerField()
    life = models.CharField(max_length=16)
    beat = models.BigIntegerField()  # milliseconds, by the database's clock

    class Meta:
        app_label = "streams"

    def __str__(self):
        return f"{self.machine}:{self.pid}"


class Attendance(models.Model):
    """Who follows a stream in one process; see roll.py. The digest is that of its group's name."""

    id = models.BigAutoField(primary_key=True)
    stream_digest = models.CharField(max_length=40)
    server_id = models.CharField(max_length=16, db_index=True)
    people = models.IntegerField()
    guests = models.IntegerField()
    body = models.TextField()
    version = models.IntegerField()

    class Meta:
        app_label = "streams"
        unique_together = [("stream_digest", "server_id")]

    def __str__(self):
        return f"{self.stream_digest}@{self.server_id}"
