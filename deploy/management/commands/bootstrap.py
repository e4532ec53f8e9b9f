import sys

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils.crypto import get_random_string

from deploy.models import Service

ADMINISTRATOR = "admin"
DEMO = "release"


class Command(BaseCommand):
    help = (
        "Prepares a new site: an administrator with a generated password, if there is none, and "
        "the demo service, which releases this checkout. Can be run again at any time."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--all",
            action="store_true",
            help="Before that, migrates the database and collects the static files.",
        )

    def handle(self, *args, **options):
        if options["all"]:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("collectstatic", interactive=False, verbosity=0)
        self._administrator()
        self._demo()

    def _administrator(self):
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True, is_active=True).exists():
            return
        name = ADMINISTRATOR
        number = 1
        while users.filter(**{get_user_model().USERNAME_FIELD: name}).exists():
            # Somebody's ordinary account is not made an administrator's behind their back.
            number += 1
            name = f"{ADMINISTRATOR}{number}"
        password = get_random_string(20)
        users.create_superuser(name, "", password)
        self.stdout.write(f"Administrator: {name}  password: {password}  (shown this once)")
        self.stdout.write(f"To set another one: manage.py changepassword {name}")

    def _demo(self):
        command = [sys.executable, "manage.py", "release"]
        service, created = Service.objects.get_or_create(
            uid=DEMO,
            defaults={
                "name": "Release this checkout",
                "command": command,
                "cwd": settings.BASE_DIR,
                "timeout": 600,
            },
        )
        if created:
            self.stdout.write(f"Service “{service.name}” registered.")
            return
        # The checkout has moved or has another interpreter now. A command that somebody changed
        # into something else is theirs.
        moved = service.command != command or service.cwd != settings.BASE_DIR
        if moved and service.command[1:] == command[1:]:
            service.command, service.cwd = command, settings.BASE_DIR
            service.save()
            self.stdout.write(f"Service “{service.name}” brought up to date.")
