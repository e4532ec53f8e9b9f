"""
`python -m compat`: what is installed here, and what of it cannot work together.
`python -m compat init`: what a project has to say for live pages (`compat.init`).
`python -m compat doctor`: as `manage.py doctor`, where manage.py itself does not start.
`python -m compat activate`: load the bridge in every process of this environment.

`activate` writes one `.pth` file into the environment's site-packages, as coverage and setuptools
do, so that django-admin, daphne's command line, pytest and every subprocess are covered.
"""

import argparse
import os
import sys
import sysconfig

from . import require_python

PACKAGE = __package__
FILE = PACKAGE + ("" if PACKAGE.endswith("bridge") else "-bridge") + ".pth"
# As in bridge.pth, which is a wheel's, under the name that the package has there. A broken
# environment must still start, so it says one line and goes on; Python reads the file twice in a
# virtual environment, hence the note in `sys`.
LINE = (
    r'import sys; exec("try:\n import compat; compat.install()\nexcept Exception as error:\n '
    r"sys._compat_said = getattr(sys, '_compat_said', 0) or "
    r"""sys.stderr.write('compat is not active: %s\\n' % error)")"""
    "\n"
)


def main(arguments=None):
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["init"]:
        from .init import command

        return command.main(arguments[1:])
    if arguments[:1] == ["doctor"]:
        from .management import doctor_alone

        return doctor_alone.main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m " + PACKAGE,
        description="Load the bridge in every process of this environment, or stop doing so.",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=["init", "doctor", "activate", "deactivate", "status", "advisories"],
        help="without one: versions, servers, repairs, and what cannot work together; init shows "
        "what a project has to say for live pages (init --help); doctor is `manage.py doctor` "
        "where that does not start (doctor --help); activate "
        "writes %s into site-packages, deactivate removes it, status says which; "
        "advisories lists what a newer Django fixes and nobody has assessed for 1.11" % FILE,
    )
    parser.add_argument(
        "django",
        nargs="?",
        help="for advisories: Django's source archive, its folder, or docs/releases/security.txt",
    )
    parser.add_argument(
        "--cves",
        action="store_true",
        help="every published advisory on what is installed here, and what answers it where the "
        "bridge is active; `manage.py compat --cves` knows the site's settings as well",
    )
    parser.add_argument(
        "--sbom",
        choices=["cyclonedx"],
        help="print every package of this environment, as a bill of materials",
    )
    options = parser.parse_args(arguments)
    action = options.action
    if (options.cves or options.sbom) and action is not None:
        parser.error("--cves and --sbom take no action")
    if options.sbom:
        from .advisories import sbom

        print(sbom.document())
        return 0
    if (action == "advisories") != bool(options.django):
        parser.error("advisories takes a path, the other actions take none")
    if action == "advisories":
        return advisories(options.django)
    path = os.path.join(sysconfig.get_paths()["purelib"], FILE)
    if action is None:
        return cves() if options.cves else about(path)
    try:
        return {"activate": activate, "deactivate": deactivate, "status": status}[action](path)
    except OSError as error:
        sys.stderr.write("%s: %s\n" % (path, error.strerror))
        return 1


def about(path):
    """0 if the packages that are installed can work together, 1 if not."""
    from . import _about, _combinations

    for line in _about.lines(os.path.exists(path)):
        print(line)
    return 1 if _combinations.found() else 0


def activate(path):
    text, new = pth(os.path.dirname(path)), path + ".new"
    with open(new, "w") as file:
        try:
            file.write(text)
            file.flush()
            os.replace(new, path)
        except BaseException:
            os.remove(new)
            raise
    print("%s is active in every process of %s" % (PACKAGE, sys.prefix))
    note_targets()
    write_bytecode()
    return 0


def note_targets():
    """What each patch waits for, so that processes read only those they need; not without it."""
    from .patches import _index, every

    try:
        _index.write(every())
    except OSError as error:
        print(
            "every process will read every repair, since %s cannot be written: %s"
            % (os.path.join(_index.HERE, _index.FILE), error.strerror)
        )


def write_bytecode():
    """
    Compile the package, as pip does with every other: whose account cannot write here, or whose
    environment forbids it (PYTHONDONTWRITEBYTECODE), would compile 140 files at each start.
    """
    from compileall import compile_dir

    # Silent: where nothing can be written, Python compiles as before.
    compile_dir(os.path.dirname(os.path.abspath(__file__)), quiet=2)


def deactivate(path):
    if os.path.exists(path):
        os.remove(path)
    print("%s is no longer active in %s" % (PACKAGE, sys.prefix))
    return 0


def status(path):
    active = os.path.exists(path)
    print("%s is %s in %s" % (PACKAGE, "active" if active else "not active", sys.prefix))
    return 0 if active else 1


def cves():
    from . import install
    from .advisories import table, verdicts

    install()
    for line in table.lines(verdicts.outcomes()):
        print(line)
    return 0


def advisories(path):
    """0 if there is a verdict for every advisory of that Django, 1 if not, 2 if it has no list."""
    from .advisories.data import READ_UNTIL
    from .advisories.unreviewed import NoAdvisories, unread

    try:
        found = unread(path)
    except NoAdvisories as error:
        sys.stderr.write("%s\n" % error)
        return 2
    for cve in found:
        print(cve)
    print("%d without a verdict; advisories were read up to %s" % (len(found), READ_UNTIL))
    return 1 if found else 0


def pth(site_packages):
    """The file's text; names the folder this package is in unless that is site-packages."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = "" if os.path.samefile(home, site_packages) else folder_line(home)
    return folder + LINE.replace("compat", PACKAGE)


def folder_line(folder):
    """ASCII: Python reads the file in the locale's encoding, and ends where it cannot."""
    try:
        folder.encode("ascii")
    except UnicodeEncodeError:
        quoted = os.fsencode(folder)
        return "import os, sys; sys.path.append(os.fsdecode(%r))\n" % quoted
    return folder + "\n"


if __name__ == "__main__":
    try:
        require_python()
    except ImportError as error:
        sys.exit(str(error))
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; nothing is to be written at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
