"""What a worker of uWSGI has loaded before its first request, by the rendered uwsgi-worker.py."""

import os
import signal
import threading
import urllib.error
import urllib.request

from deploy_conf import processes
from tests.support.sites import tiny
from tests.support.wait import wait_until

WORKERS = 2
SAID = "has not loaded the URLs: SyntaxError: invalid syntax (urls.py, line "


def all_workers(site):
    """The status of a slow request to each worker at once."""
    found = []

    def ask():
        try:
            found.append(urllib.request.urlopen(site.url + "slow", timeout=60).status)
        except urllib.error.HTTPError as error:
            found.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(WORKERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return found


def ids(site):
    return set(processes.children(site.programs()["uwsgi"]))


def test_urls_are_loaded_before_the_first_request_and_a_fault_in_them_is_told(site):
    code, out, err = site.up("--uwsgi-processes", str(WORKERS), "--daphne-processes", "1")
    assert code == 0, out + err
    # `up` waits for one of them.
    wait_until(lambda: site.log("uwsgi").count("WSGI app 0") == WORKERS)
    path = os.path.join(site.folder, "tiny", "urls.py")
    with open(path) as file:
        kept = file.read()
    with open(path, "a") as file:
        file.write("syntax error here\n")
    # All but one have had no request yet.
    assert all_workers(site) == [200] * WORKERS

    # One that is renewed now says so, in one line, and lives: with the next request all is well.
    before = ids(site)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: SAID in site.log("uwsgi"), what="a line about the URLs")
    with open(path, "w") as file:
        file.write(kept)
    assert all_workers(site) == [200] * WORKERS
    assert site.log("uwsgi").count(SAID) == 1 and "Traceback" not in site.log("uwsgi")
    assert len(ids(site)) == WORKERS and len(ids(site) & before) == WORKERS - 1


def test_a_site_that_cannot_be_imported_is_said_once(site):
    with open(os.path.join(site.folder, "tiny", "wsgi.py"), "w") as file:
        file.write("import no_such_module\n")
    code, out, err = site.up(*tiny.SMALL)
    assert code != 0
    wait_until(lambda: "no app loaded" in site.log("uwsgi"))
    log = site.log("uwsgi")
    starts = log.count("no app loaded")
    assert log.count("ModuleNotFoundError") == starts, log
