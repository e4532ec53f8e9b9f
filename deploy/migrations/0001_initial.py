import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import deploy.fields
import deploy.models

STATES = ("queued", "running", "succeeded", "failed", "cancelled", "lost")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0008_alter_user_username_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Service",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.SlugField(
                        help_text="Part of the addresses; cannot be changed later.",
                        max_length=64,
                        unique=True,
                        validators=[deploy.models.validate_uid],
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "command",
                    deploy.fields.ArgumentsField(
                        help_text="One argument per line, the program first (or a JSON array). "
                        "It is run directly, without a shell: no quoting, no pipes, no wildcards."
                    ),
                ),
                (
                    "cwd",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the folder that the runner was started in.",
                        max_length=500,
                        verbose_name="working directory",
                    ),
                ),
                (
                    "environment",
                    models.TextField(
                        blank=True,
                        help_text="NAME=value, one per line; "
                        "added to the runner's own environment.",
                        validators=[deploy.models.validate_environment],
                    ),
                ),
                (
                    "timeout",
                    models.PositiveIntegerField(
                        default=3600,
                        help_text="Seconds after which the command is stopped "
                        "and the deployment has failed.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(604800),
                        ],
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="When off, nothing new is started; the history stays.",
                    ),
                ),
                (
                    "operators",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Members may also start and cancel them.",
                        related_name="operated_services",
                        to="auth.Group",
                    ),
                ),
                (
                    "viewers",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Members may follow the deployments of this service.",
                        related_name="viewed_services",
                        to="auth.Group",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "uid"],
                "permissions": [
                    ("follow_service", "Can follow the deployments of every service"),
                    ("run_service", "Can start and cancel deployments of every service"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deployment",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deployments",
                        to="deploy.Service",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[(state, state) for state in STATES],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "exit_code",
                    models.IntegerField(
                        blank=True,
                        help_text="Negative: the number of the signal that ended it.",
                        null=True,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by_name",
                    models.CharField(max_length=150, verbose_name="requested by"),
                ),
                ("cancel_requested", models.BooleanField(default=False)),
                (
                    "cancelled_by_name",
                    models.CharField(blank=True, max_length=150, verbose_name="cancelled by"),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("first_seq", models.BigIntegerField(default=0)),
                ("output_seq", models.BigIntegerField(blank=True, null=True)),
                ("last_seq", models.BigIntegerField(blank=True, null=True)),
                (
                    "running_key",
                    models.IntegerField(blank=True, editable=False, null=True, unique=True),
                ),
                (
                    "queued_key",
                    models.CharField(
                        blank=True, editable=False, max_length=60, null=True, unique=True
                    ),
                ),
                ("runner", models.CharField(blank=True, max_length=200)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("pid", models.IntegerField(blank=True, null=True)),
                ("process_mark", models.CharField(blank=True, max_length=40)),
                ("token", models.CharField(blank=True, editable=False, max_length=32)),
            ],
            options={"ordering": ["-pk"]},
        ),
        migrations.AlterIndexTogether(name="deployment", index_together={("state", "service")}),
    ]
