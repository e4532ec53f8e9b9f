"""
Publishing for programs in other languages, with a token::

    url(r"^streams/publish/$", PublishView.as_view()),

Nobody may, until STREAMS_PUBLISHERS names somebody.
"""

import hashlib
import hmac
import json
import re
from fnmatch import fnmatchcase
from typing import Any, Dict, Optional, Tuple

from django.core.exceptions import RequestDataTooBig
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from .. import publish_many
from .._settings import PUBLISHERS
from ..busy import is_busy
from ..names import check_storable

BEARER = re.compile(r"Bearer +([!-~]{1,1000})\Z", re.I)
FIELDS = {"stream", "body", "bodies"}


class Refused(Exception):
    """(status, word for programs, sentence for people)."""


# No cookie says who it is, so there is no request to forge.
@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class PublishView(View):
    """
    POST {"stream": name, "body": any} or {"stream": name, "bodies": [any, …]} in JSON.

    Header `Authorization: Bearer TOKEN`, and `Idempotency-Key: any text` if the request may be
    repeated. Answers {"first": 41, "last": 41}, or {"error": word, "detail": sentence}.
    """

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return answer(200, dict(zip(("first", "last"), self._publish(request))))
        except Refused as refusal:
            status, word, detail = refusal.args
            return answer(status, {"error": word, "detail": detail})

    def _publish(self, request: HttpRequest) -> Tuple[int, int]:
        # Before anything of the body is read.
        patterns = patterns_of(request.META.get("HTTP_AUTHORIZATION", ""))
        if patterns is None:
            raise Refused(401, "bad-token", "send Authorization: Bearer and a token that is known")
        said = read(request)
        name = said.get("stream")
        try:
            check_storable(name)  # type: ignore[arg-type]
        except ValueError as error:
            raise Refused(400, "bad-name", str(error)) from None
        if not any(fnmatchcase(str(name), pattern) for pattern in patterns):
            raise Refused(403, "forbidden", "this token may not publish to that stream")
        bodies = said["bodies"] if "bodies" in said else [said["body"]]
        try:
            return publish_many(str(name), bodies, request.META.get("HTTP_IDEMPOTENCY_KEY"))
        except (TypeError, ValueError) as error:
            raise Refused(400, "bad-body", str(error)[:1000]) from None
        except Error as error:
            if is_busy(error):
                raise Refused(503, "busy", "the database is busy; send it again") from error
            raise


def patterns_of(header: str) -> Optional[Tuple[str, ...]]:
    """Of the streams that the token in the header may publish to; None if it is nobody's."""
    match = BEARER.match(header)
    digest = hashlib.sha256(match.group(1).encode("ascii") if match else b"").digest()
    found = None
    # Each of them is compared, in the same time, whether it is the right one or not.
    for publisher in (PUBLISHERS() or {}).values():
        if hmac.compare_digest(publisher.digest, digest) and match:
            found = publisher.streams
    return found


def read(request: HttpRequest) -> Dict[str, Any]:
    """What the request says; Refused."""
    if (request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "bad-type", "send Content-Type: application/json")
    try:
        body = request.body
    except RequestDataTooBig:
        raise Refused(413, "too-large", "DATA_UPLOAD_MAX_MEMORY_SIZE is the limit") from None
    except UnreadablePostError:
        raise Refused(400, "cut-off", "the request did not come whole") from None
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "bad-json", "the request is not JSON in UTF-8") from None
    if not isinstance(found, dict) or not FIELDS.issuperset(found) or len(found) != 2:
        raise Refused(400, "bad-request", 'send {"stream": …, "body": …} or "bodies"')
    if not isinstance(found.get("bodies", []), list) or "stream" not in found:
        raise Refused(400, "bad-request", 'send {"stream": …, "body": …} or "bodies": […]')
    return found


def answer(status: int, said: Dict[str, Any]) -> HttpResponse:
    response = JsonResponse(said, status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response["Retry-After"] = "2"
    return response
