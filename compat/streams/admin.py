"""
Streams in the site's admin, to look at; imported where the site uses django.contrib.admin.

Who may read streams, or change them, sees what is in them; who may change them can trim them and
give them new epochs.
"""

import re
from typing import Any, List, Optional

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import formats

from . import epochs, overview, retention
from ._settings import ADMIN
from .models import Stream

try:
    from django.urls import re_path, reverse
except ImportError:  # Django 1.11
    from django.conf.urls import url as re_path
    from django.urls import reverse

PAGE = 50
# A request removes so many entries at most: it must not take minutes.
TRIM_AT_ONCE = 20000


class Streams(ChangeList):
    """A page of streams, with what is known of these and no others."""

    def get_results(self, request: Any) -> None:
        super().get_results(request)
        streams: List[Any] = list(self.result_list)  # type: ignore[has-type]
        found = overview.facts(streams)
        for one in streams:
            one.facts = found[one.pk]
        self.result_list = streams


class StreamAdmin(admin.ModelAdmin):
    """Looks at streams; what is in them is published, and not edited."""

    list_display = ("name", "last_seq", "kept", "characters", "rate", "readers", "last")
    search_fields = ("name",)
    ordering = ("name",)
    list_per_page = PAGE
    list_max_show_all = 2 * PAGE
    show_full_result_count = False
    actions = None

    # Columns

    def kept(self, stream: Any) -> int:
        return stream.facts.kept

    kept.short_description = "entries kept"  # type: ignore[attr-defined]

    def characters(self, stream: Any) -> int:
        return stream.size

    characters.short_description = "characters kept"  # type: ignore[attr-defined]
    characters.admin_order_field = "size"  # type: ignore[attr-defined]

    def rate(self, stream: Any) -> str:
        return rate_text(stream.facts.rate)

    rate.short_description = "rate of the last 100"  # type: ignore[attr-defined]

    def readers(self, stream: Any) -> Optional[int]:
        return stream.facts.readers

    def last(self, stream: Any) -> Any:
        return stream.facts.last

    last.short_description = "last entry"  # type: ignore[attr-defined]

    # Who may

    def may_change(self, request: Any) -> bool:
        """Whether its user may trim streams and give them epochs."""
        return request.user.has_perm("streams.change_stream")

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """What Django 1.11 asks whoever wants to look."""
        names = ("change_stream", "read_stream", "view_stream")
        return any(request.user.has_perm("streams." + name) for name in names)

    has_view_permission = has_change_permission

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    # Pages

    def get_changelist(self, request: Any, **more: Any) -> type:
        return Streams

    def get_urls(self) -> List[Any]:
        def page(part: str, view: Any) -> Any:
            name = f"streams_stream_{part}"
            return re_path(rf"^(\d+)/{part}/$", self.admin_site.admin_view(view), name=name)

        return [page("trim", self.trim_view), page("epoch", self.epoch_view)] + super().get_urls()

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        return super().changelist_view(request, dict({"title": "Streams"}, **extra_context or {}))

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """A stream and its last entries, page by page."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        stream = self._stream(request, object_id)
        asked = request.GET.get("before", "")
        before = number(asked)
        rows = overview.entries(stream, before, PAGE + 1)
        stream.facts = overview.facts([stream])[stream.pk]
        context = {
            "title": stream.name,
            "stream": stream,
            "rate": rate_text(stream.facts.rate),
            "entries": rows[:PAGE],
            "older": rows[PAGE - 1].seq if len(rows) > PAGE else None,
            "before": before,
            "may_change": self.may_change(request),
        }
        if asked and before is None:
            context["problem"] = f"before must be a number, not {asked!a:.40}."
        return self._page(request, "detail", stream, context)

    def trim_view(self, request: Any, pk: str) -> Any:
        """Remove the oldest entries, once that is confirmed."""
        stream = self._changed(request, pk)
        keep = request.POST.get("keep", "")
        if request.method == "POST" and number(keep) is not None:
            removed, left = self._trim(stream, number(keep))
            said = f"Removed the {removed} oldest entries."
            self.log_change(request, stream, said)
            if left:
                said += f" {left} more are to go: trim again."
            messages.success(request, said)
            return self._back(stream)
        context = {"title": f"Trim {stream.name}?", "action": "trim", "keep": keep}
        if request.method == "POST":
            context["problem"] = f"How many to keep must be a number, 0 or more, not {keep!a:.40}."
        stream.facts = overview.facts([stream])[stream.pk]
        return self._page(request, "confirm", stream, context)

    def epoch_view(self, request: Any, pk: str) -> Any:
        """Give the stream a new epoch, once that is confirmed."""
        stream = self._changed(request, pk)
        if request.method == "POST":
            epochs.change_all([stream.name])
            said = "It has a new epoch: its readers start over."
            self.log_change(request, stream, said)
            messages.success(request, said)
            return self._back(stream)
        context = {"title": f"A new epoch for {stream.name}?", "action": "epoch"}
        return self._page(request, "confirm", stream, context)

    # Their parts

    def _stream(self, request, object_id):
        if not self.has_change_permission(request):
            raise PermissionDenied
        pk = number(object_id)
        stream = None if pk is None else Stream.objects.filter(pk=pk).first()
        if stream is None:
            raise Http404("There is no such stream.")
        return stream

    def _changed(self, request, object_id):
        if not self.may_change(request):
            raise PermissionDenied
        return self._stream(request, object_id)

    def _trim(self, stream, keep):
        """(how many were removed, how many more are over)."""
        log = retention.Log(stream.name)
        if not log.look():
            return 0, 0
        over = max(0, log.newest - keep - log.oldest + 1)
        now = min(over, TRIM_AT_ONCE)
        wanted = retention.limits(max_entries=log.newest - log.oldest + 1 - now)
        return retention.trim(stream.name, wanted) if now else 0, over - now

    def _page(self, request, name, stream, context):
        context = dict(
            self.admin_site.each_context(request),
            opts=self.model._meta,
            stream=stream,
            list_url=self._url("changelist"),
            detail_url=self._url("change", stream.pk),
            trim_url=self._url("trim", stream.pk),
            epoch_url=self._url("epoch", stream.pk),
            history_url=self._url("history", stream.pk),
            **{key: value for key, value in context.items() if key != "stream"},
        )
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/streams/stream/{name}.html", context)

    def _url(self, name, *args):
        place = f"admin:streams_stream_{name}"
        return reverse(place, args=args, current_app=self.admin_site.name)

    def _back(self, stream):
        return HttpResponseRedirect(self._url("change", stream.pk))


def number(text: str) -> Optional[int]:
    """The number that a text is, as far as a sequence number goes; else None."""
    return int(text) if re.match(r"[0-9]{1,18}\Z", text) else None


def rate_text(rate: Optional[float]) -> str:
    """Entries an hour, as text."""
    if rate is None:
        return "-"
    digits = 0 if rate >= 10 else 2
    return formats.number_format(round(rate, digits), digits) + " an hour"


if ADMIN() and not admin.site.is_registered(Stream):
    admin.site.register(Stream, StreamAdmin)
