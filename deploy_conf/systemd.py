"""Units for systemd instead of supervisor's programs, named after the site."""

import os
import shutil
from typing import Any, Dict, List, Mapping

from . import escape, templating
from .layout import Layout
from .site import Site


def environment_file(site: Site) -> str:
    """
    The name of the file with the environment of the site's processes.

    It holds passwords. `Environment=` in a unit would show them to everybody: `systemctl show`.
    """
    return site.name + ".env"


def values(site: Site, layout: Layout, environment: Mapping[str, Any]) -> Dict[str, Any]:
    """What the templates of units use beside the site's other values."""
    redis = [layout.redis_server, os.path.join(layout.conf, "redis.conf")]
    ini = os.path.join(layout.conf, "uwsgi.ini")
    path = os.path.join(layout.conf, environment_file(site))
    return dict(
        environment_lines=escape.systemd_environment_file(environment),
        systemd_directory=escape.systemd(site.directory),
        systemd_environment=escape.systemd(path),
        daphne_args_systemd="".join(" " + escape.systemd_command([w]) for w in site.daphne_args),
        daphne_systemd=escape.systemd_command([site.python, site.daphne]),
        uwsgi_systemd=escape.systemd_command(layout.uwsgi.command + ["--ini", ini]),
        redis_systemd=escape.systemd_command(redis),
        systemd_wants="\n".join("Wants=" + name for name in _started(site, layout)),
        run_tmpfiles=layout.run,
        master_tmpfiles=layout.master,
        nginx_group=(layout.nginx_user or "").split(" ")[-1],
    )


def websocket_units(site: Site, values: Mapping[str, Any]) -> Dict[str, str]:
    """The files of daphne alone, by name."""
    wanted = {
        "-daphne.socket": "systemd-daphne.socket",
        "-daphne@.service": "systemd-daphne.service",
        ".target": "systemd.target",
    }
    files = {site.name + end: templating.render(name, values) for end, name in wanted.items()}
    files[environment_file(site)] = str(values["environment_lines"])
    return files


def units(site: Site, values: Mapping[str, Any]) -> Dict[str, str]:
    """The files of a whole site, by name."""
    files = websocket_units(site, values)
    files[site.name + "-uwsgi.service"] = templating.render("systemd-uwsgi.service", values)
    if values["redis_socket"]:
        files[site.name + "-redis.service"] = templating.render("systemd-redis.service", values)
    for program, words in site.programs.items():
        words = [_program(site, words[0])] + words[1:]
        mine = dict(values, program=program, program_systemd=escape.systemd_command(words))
        name = "%s-%s.service" % (site.name, program)
        files[name] = templating.render("systemd-program.service", mine)
    files["tmpfiles.conf"] = templating.render("tmpfiles.conf", values)
    return files


def _program(site: Site, word: str) -> str:
    """A path, since systemd knows neither the site's folder nor its environment's commands."""
    if "/" in word:
        return os.path.normpath(os.path.join(site.directory, word))
    found = os.path.join(os.path.dirname(site.python), word)
    return found if os.path.isfile(found) else shutil.which(word) or word


def _started(site: Site, layout: Layout) -> List[str]:
    """The units that the site's target starts."""
    daphnes = ["-daphne@%d.service" % number for number in range(site.daphne_processes)]
    return [site.name + end for end in ["-daphne.socket"] + daphnes + _others(site, layout)]


def names(site: Site, layout: Layout) -> List[str]:
    """The files that systemd has to know, beside the target's."""
    ends = ["-daphne.socket", "-daphne@.service"] + _others(site, layout)
    return [site.name + end for end in ends]


def _others(site: Site, layout: Layout) -> List[str]:
    ends = ["-redis.service"] if layout.redis_socket else []
    if layout.uwsgi.command:
        ends += ["-uwsgi.service"] + ["-%s.service" % name for name in sorted(site.programs)]
    return ends
