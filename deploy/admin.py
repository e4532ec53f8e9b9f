"""The admin: services are managed here; deployments are the audit trail and only shown."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.db.models import TextField

from deploy import secrets
from deploy.models import Deployment, Service


class SecretsWidget(AdminTextareaWidget):
    """Shows names; a value that was typed does not come back, not even in a form with an error."""

    def format_value(self, value):
        return secrets.without_values(value or "")


class ServiceForm(forms.ModelForm):
    """A service, and its secrets, which are in no field of the model that a form may show."""

    secrets = forms.CharField(
        required=False,
        strip=False,
        widget=SecretsWidget(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text="NAME=value, one per line: environment that is kept encrypted, given to the "
        "command alone, and masked in its output. Values are not shown again: a line with just "
        "the NAME keeps its value, and a line that is removed removes it.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        try:
            self._before = self.instance.secrets
        except secrets.CannotOpen as error:
            self._before = {}
            self.fields[
                "secrets"
            ].help_text = (
                f"Not readable: {error}. They stay as they are until others are written here."
            )
        self.initial["secrets"] = secrets.names_text(self._before)

    def clean_secrets(self):
        values = secrets.edited(self.cleaned_data["secrets"], self._before)
        try:
            secrets.seal(values)
        except ImproperlyConfigured as error:
            raise ValidationError(str(error))
        return values

    def _post_clean(self):
        super()._post_clean()
        values = self.cleaned_data.get("secrets")
        # What cannot be opened is kept until something else is written: the key may come back.
        if values is not None and values != self._before:
            self.instance.secrets = values


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    """Whoever may change a service decides what is run on this machine: administrators only."""

    form = ServiceForm
    list_display = ("name", "uid", "enabled", "timeout")
    list_filter = ("enabled",)
    search_fields = ("name", "uid")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})}}
    filter_horizontal = ("viewers", "operators")
    fieldsets = (
        (None, {"fields": ("name", "uid", "enabled")}),
        ("What is run", {"fields": ("command", "cwd", "environment", "secrets", "timeout")}),
        ("Who may", {"fields": ("viewers", "operators")}),
    )

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"uid": ("name",)}

    def get_readonly_fields(self, request, obj=None):
        # Streams, groups and addresses carry the uid: another uid would be another service.
        return ("uid",) if obj else ()


@admin.register(Deployment)
class DeploymentAdmin(admin.ModelAdmin):
    """What was deployed, by whom, and how it ended."""

    list_display = (
        "id",
        "service",
        "state",
        "exit_code",
        "requested_by_name",
        "queued_at",
        "started_at",
        "finished_at",
    )
    list_display_links = ("id",)
    list_filter = ("state", "service")
    list_select_related = ("service",)
    search_fields = ("=id", "requested_by_name", "service__uid")
    date_hierarchy = "queued_at"
    actions = None
    readonly_fields = (
        "service",
        "state",
        "reason",
        "exit_code",
        "requested_by_name",
        "cancelled_by_name",
        "queued_at",
        "started_at",
        "finished_at",
        "heartbeat_at",
        "runner",
        "pid",
        "first_seq",
        "output_seq",
        "last_seq",
    )
    fields = readonly_fields

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, dict(extra_context or {}, title="Deployments"))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        # "Change deployment" is what nobody can.
        context = dict(extra_context or {}, title="Deployment")
        context.update(show_save=False, show_save_and_continue=False)
        return super().change_view(request, object_id, form_url, context)
