from django.core.management.base import BaseCommand, CommandError

from deploy import secrets
from deploy.models import Service


class Command(BaseCommand):
    help = (
        "Looks after the secrets of services. check: which service has which (names only), and "
        "whether DEPLOY_KEYS opens them. rotate: seals all of them anew with the first key. To "
        "change keys: `python -m compat.layer_keys var/deploy_keys add`, reload; `... use`, "
        "reload; rotate; `... drop`, reload. rotate fails while anything still needs an older key."
    )

    def add_arguments(self, parser):
        parser.add_argument("step", choices=["check", "rotate"])

    def handle(self, *args, **options):
        lost, older, done = [], [], 0
        for pk, uid in Service.objects.order_by("uid").values_list("pk", "uid"):
            try:
                done += self._rotate(pk) if options["step"] == "rotate" else self._check(pk)
            except secrets.CannotOpen as error:
                lost.append(uid)
                self.stderr.write(f"{uid}: {error}")
        if options["step"] == "rotate":
            older = self._older()
            self.stdout.write(f"{done} sealed with the first key.")
        elif done:
            self.stdout.write(f"{done} are sealed with an older key: rotate.")
        if lost:
            raise CommandError(f"{len(lost)} cannot be opened; keep the key that they need.")
        if older:
            raise CommandError(
                f"Still sealed with an older key: {', '.join(older)}. Keep that key; reload, for "
                "processes that do not know the first key yet, and rotate again."
            )

    @staticmethod
    def _older():
        """Those that a process sealed with an older key while the others were sealed anew."""
        sealed = Service.objects.order_by("uid").values_list("uid", "sealed")
        return [uid for uid, text in sealed if text and not secrets.is_sealed_with_first(text)]

    def _check(self, pk):
        service = Service.objects.get(pk=pk)
        if not service.sealed:
            return 0
        names = ", ".join(sorted(service.secrets))
        older = not secrets.is_sealed_with_first(service.sealed)
        self.stdout.write(f"{service.uid}: {names}" + (" (an older key)" if older else ""))
        return older

    @staticmethod
    def _rotate(pk):
        service = Service.objects.get(pk=pk)
        if not service.sealed or secrets.is_sealed_with_first(service.sealed):
            return 0
        # Only over what was read: a form may have been saved in this moment.
        sealed = secrets.seal(service.secrets)
        return Service.objects.filter(pk=pk, sealed=service.sealed).update(sealed=sealed)
