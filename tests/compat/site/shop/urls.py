from django.conf.urls import url
from django.http import HttpResponse
from django.utils.translation import ugettext as _

urlpatterns = [url(r"^$", lambda request: HttpResponse(_("first page")))]
