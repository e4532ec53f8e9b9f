"""Sockets of the deploy application, for a URLRouter."""

from django.conf.urls import url

from deploy.consumers import DeployResult
from deploy.live import Live

websocket_urlpatterns = [
    url(r"^ws/deploy/(?P<service_uid>[^/]+)/$", DeployResult),
    url(r"^ws/streams/$", Live),
]
