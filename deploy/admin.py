"""The admin: services are managed here; deployments are the audit trail and only shown."""

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db.models import TextField

from deploy.models import Deployment, Service


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    """Whoever may change a service decides what is run on this machine: administrators only."""

    list_display = ("name", "uid", "enabled", "timeout")
    list_filter = ("enabled",)
    search_fields = ("name", "uid")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})}}
    filter_horizontal = ("viewers", "operators")
    fieldsets = (
        (None, {"fields": ("name", "uid", "enabled")}),
        ("What is run", {"fields": ("command", "cwd", "environment", "timeout")}),
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

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        context = dict(extra_context or {}, show_save=False, show_save_and_continue=False)
        return super().change_view(request, object_id, form_url, context)
