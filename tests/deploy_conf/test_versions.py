"""Nothing is rendered that the server which will read it does not know yet."""

import re

import pytest

from deploy_conf import binaries, layout, render
from deploy_conf.errors import BadValue
from tests.deploy_conf import test_directives as variants
from tests.support import directives

# What the oldest supported servers know: nginx 1.10 (its documentation names what came later), and
# Redis 3.0.
NGINX_OLD = """
access_log add_header alias allow auth_basic charset client_body_temp_path client_body_timeout
client_header_timeout client_max_body_size daemon default_type deny disable_symlinks error_log
expires fastcgi_temp_path gzip gzip_min_length gzip_types gzip_vary if ignore_invalid_headers
include internal keepalive_timeout large_client_header_buffers least_conn limit_conn
limit_conn_status limit_conn_zone limit_req limit_req_status limit_req_zone listen log_format
log_not_found pid proxy_buffer_size proxy_buffering proxy_buffers proxy_connect_timeout
proxy_http_version proxy_max_temp_file_size proxy_next_upstream proxy_next_upstream_timeout
proxy_next_upstream_tries proxy_pass proxy_read_timeout proxy_redirect proxy_send_timeout
proxy_set_header proxy_temp_path real_ip_header real_ip_recursive reset_timedout_connection return
root scgi_temp_path send_timeout sendfile server server_name server_names_hash_bucket_size
server_tokens set_real_ip_from ssl_certificate ssl_certificate_key ssl_ciphers ssl_protocols
ssl_session_cache ssl_session_tickets ssl_session_timeout tcp_nopush try_files
underscores_in_headers user uwsgi_buffer_size uwsgi_buffers uwsgi_connect_timeout
uwsgi_max_temp_file_size uwsgi_param uwsgi_pass uwsgi_read_timeout uwsgi_send_timeout
uwsgi_temp_path variables_hash_max_size zone worker_connections worker_processes
"""
REDIS_OLD = """
appendonly daemonize databases dir logfile loglevel maxmemory maxmemory-policy port requirepass save
timeout unixsocket unixsocketperm
"""
NGINX_LATER = {"worker_shutdown_timeout": (1, 11, 11), "TLSv1.3": (1, 13, 0)}
REDIS_LATER = {
    "protected-mode": (3, 2),
    "lazyfree-lazy-expire": (4, 0),
    "lazyfree-lazy-server-del": (4, 0),
}


def rendered(nginx, redis):
    """(names of nginx's directives and of parameters with a version, names of Redis')."""
    words = dict(variants.PUBLIC, **variants.OF_SITE)
    public = layout.Layout(nginx_version=nginx, redis_version=redis, **words)
    front = layout.Layout(nginx_version=nginx, nodes=["10.0.0.3:80"], **variants.PUBLIC)
    files = dict(render.site_files(variants.SITE, public))
    files.update(render.front_files(variants.site.Site(**variants.LIMITS), front))
    files.update(render.websocket_files(variants.SITE, public))
    found = set()
    for name in files:
        if name.startswith("nginx") and name.endswith(".conf"):
            for one in directives.nginx(files[name]):
                block, _, directive = one.partition(": ")
                if not re.match(r"(map|geo|types)\b", block):
                    found.add(directive.split()[0])
                found.update(set(directive.split()) & set(NGINX_LATER))
    redis = {one.partition(": ")[2].split()[0] for one in directives.lines(files["redis.conf"])}
    return found, redis


@pytest.mark.parametrize("nginx", [(1, 10, 0), (1, 11, 11), (1, 13, 0), binaries.NEWEST])
def test_every_nginx_gets_what_it_knows(nginx):
    known = set(NGINX_OLD.split()) | {n for n, since in NGINX_LATER.items() if nginx >= since}
    found = rendered(nginx, binaries.NEWEST)[0]
    assert found - known == set()
    assert {name for name, since in NGINX_LATER.items() if nginx >= since} <= found


@pytest.mark.parametrize("redis", [(3, 0), (3, 2), (4, 0), binaries.NEWEST])
def test_every_redis_gets_what_it_knows(redis):
    known = set(REDIS_OLD.split()) | {n for n, since in REDIS_LATER.items() if redis >= since}
    assert rendered(binaries.NEWEST, redis)[1] == known


def test_a_version_of_another_machine():
    assert binaries.version("--nginx-version", "1.10.3", (1, 10)) == (1, 10, 3)
    assert binaries.version("--redis-version", "3.0", (3, 0)) == (3, 0)


@pytest.mark.parametrize(
    "value", ["", "1", "latest", "1.9.15", "1.10.3-ubuntu", "1.1.1.1", "\u0661.2"]
)
def test_what_is_no_version_or_too_old_is_one_line(value):
    with pytest.raises(BadValue) as error:
        binaries.version("--nginx-version", value, (1, 10))
    assert str(error.value).startswith("--nginx-version: ")
