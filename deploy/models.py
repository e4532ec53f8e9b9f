"""What can be deployed, and what was."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from deploy.fields import ArgumentsField, parse_environment
from deploy.secrets import seal, unseal

# The uid of the socket that has no service behind it: /ws/deploy/tasks/ always exists.
TASKS_UID = "tasks"
# The group of a service's sockets is called this and its uid.
GROUP_PREFIX = "chat_"
WEEK = 7 * 24 * 3600


def validate_uid(value):
    """Raise ValidationError for a uid that is kept for the site itself."""
    if value.lower() == TASKS_UID:
        raise ValidationError(f"“{value}” is a reserved uid.")
    # send_channel_msg() takes uids and groups alike: "chat_web" is the group of "web".
    if value.lower().startswith(GROUP_PREFIX):
        raise ValidationError(f"A uid does not begin with “{GROUP_PREFIX}”.")


def validate_environment(value):
    """Raise ValidationError unless every line is NAME=value."""
    parse_environment(value)


class Service(models.Model):
    """Something that a command deploys; one deployment of it runs at a time."""

    uid = models.SlugField(
        max_length=64,
        unique=True,
        validators=[validate_uid],
        help_text="Part of the addresses; cannot be changed later.",
    )
    name = models.CharField(max_length=120)
    command = ArgumentsField(
        help_text="One argument per line, the program first (or a JSON array). "
        "It is run directly, without a shell: no quoting, no pipes, no wildcards.",
    )
    cwd = models.CharField(
        "working directory",
        max_length=500,
        blank=True,
        help_text="Empty: the folder that the runner was started in.",
    )
    environment = models.TextField(
        blank=True,
        validators=[validate_environment],
        help_text="NAME=value, one per line; added to the runner's own environment.",
    )
    # Null, so that processes of the version before, which do not know it, can add services.
    sealed = models.TextField(null=True, blank=True, editable=False)
    timeout = models.PositiveIntegerField(
        default=3600,
        validators=[MinValueValidator(1), MaxValueValidator(WEEK)],
        help_text="Seconds after which the command is stopped and the deployment has failed.",
    )
    viewers = models.ManyToManyField(
        Group,
        blank=True,
        related_name="viewed_services",
        help_text="Members may follow the deployments of this service.",
    )
    operators = models.ManyToManyField(
        Group,
        blank=True,
        related_name="operated_services",
        help_text="Members may also start and cancel them.",
    )
    enabled = models.BooleanField(
        default=True, help_text="When off, nothing new is started; the history stays."
    )

    class Meta:
        ordering = ["name", "uid"]
        permissions = [
            ("follow_service", "Can follow the deployments of every service"),
            ("run_service", "Can start and cancel deployments of every service"),
        ]

    def __str__(self):
        return self.name

    @property
    def secrets(self):
        """{name: value} of the environment that is secret; raises deploy.secrets.CannotOpen."""
        return unseal(self.sealed)

    @secrets.setter
    def secrets(self, values):
        self.sealed = seal(values)

    @property
    def stream(self):
        """The name of the stream that carries this service's deployments."""
        return stream_name(self.uid)

    @property
    def states(self):
        """The name of the stream that carries the states of this service's deployments alone."""
        return states_name(self.uid)

    def get_absolute_url(self):
        return reverse("deploy:service", args=[self.uid])


def stream_name(uid):
    """Return the name of the stream that belongs to a service's uid."""
    return f"deploy:{uid}"


def states_name(uid):
    """Return the name of the stream of a service's states alone, for who watches many services."""
    return f"states:{uid}"


class Deployment(models.Model):
    """One run of a service's command, from the click to its exit code."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    STATES = [(state, state) for state in (QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, LOST)]
    FINAL = (SUCCEEDED, FAILED, CANCELLED, LOST)

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deployments")
    state = models.CharField(max_length=10, choices=STATES, default=QUEUED)
    reason = models.CharField(max_length=200, blank=True)
    exit_code = models.IntegerField(
        null=True, blank=True, help_text="Negative: the number of the signal that ended it."
    )

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The name outlives the account: this table is also the audit trail.
    requested_by_name = models.CharField("requested by", max_length=150)
    cancel_requested = models.BooleanField(default=False)
    cancelled_by_name = models.CharField("cancelled by", max_length=150, blank=True)

    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # Its entries in the service's stream lie after first_seq, its output after output_seq (known
    # once it runs), and last_seq is the entry that ends it.
    first_seq = models.BigIntegerField(default=0)
    output_seq = models.BigIntegerField(null=True, blank=True)
    last_seq = models.BigIntegerField(null=True, blank=True)

    # Unique and nullable: the database itself refuses a second running deployment of a service,
    # and a second queued one for the same click.
    running_key = models.IntegerField(null=True, blank=True, unique=True, editable=False)
    queued_key = models.CharField(max_length=60, null=True, blank=True, unique=True, editable=False)

    runner = models.CharField(max_length=200, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    # The process group (its leader's pid) and when that process started: together they tell our
    # process from a later one with the same number.
    pid = models.IntegerField(null=True, blank=True)
    process_mark = models.CharField(max_length=40, blank=True)
    token = models.CharField(max_length=32, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        # Asked twice a second by every runner.
        index_together = [("state", "service")]

    def __str__(self):
        return f"{self.service.uid} #{self.pk}"

    @property
    def is_final(self):
        return self.state in self.FINAL

    @property
    def since(self):
        """The sequence number after which a reader finds everything still to be shown."""
        return self.first_seq if self.output_seq is None else self.output_seq

    @property
    def duration(self):
        """How long it ran (so far) as a timedelta; None before it started."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    def get_absolute_url(self):
        return reverse("deploy:deployment", args=[self.pk])


class LoginBudget(models.Model):
    """What attempts to log in were paid from; see deploy.logins. No row: nothing was used."""

    key = models.CharField(max_length=60, unique=True)
    used_until = models.FloatField(db_index=True, help_text="Seconds since 1970.")

    def __str__(self):
        return self.key


class RunnerBeat(models.Model):
    """When a runner was last heard of; its name is that of its process."""

    runner = models.CharField(max_length=200, unique=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.runner} at {self.at}"
