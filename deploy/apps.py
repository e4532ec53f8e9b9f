from django.apps import AppConfig


class DeployConfig(AppConfig):
    name = "deploy"
    label = "deploy"
    verbose_name = "Deployments"

    def ready(self):
        from deploy import logins, settings  # noqa: F401  # records for `manage.py check`

        logins.connect()
