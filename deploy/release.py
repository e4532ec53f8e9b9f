"""Release a checkout: export, byte-compile, check, make it the current one, tidy up."""

import contextlib
import datetime
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

KEEP = 5
PARTIAL = ".partial"
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z(-[0-9]+)?\Z")
# What lies in a working tree without belonging to it, where no git can tell.
NOT_COPIED = re.compile(
    r"(\.git|\.venv|venv|var|__pycache__|node_modules|\.[a-z]+_cache|.*\.pyc|.*\.egg-info)\Z"
)


class ReleaseFailed(Exception):
    """A step failed and nothing was switched; the text says which one."""


class Release(object):
    """One release of the checkout at source into var/releases/<UTC time>, then var/current.

    write takes text to show; colour: with ANSI colours and a progress line.
    """

    def __init__(self, source, var, write, colour=False, python=sys.executable):
        self.source = os.path.realpath(source)
        self.var = os.path.realpath(var)
        self.releases = os.path.join(self.var, "releases")
        self.current = os.path.join(self.var, "current")
        self.write = write
        self.colour = colour
        self.python = python

    def run(self):
        """Do all steps and return the new folder; raises ReleaseFailed."""
        os.makedirs(self.releases, exist_ok=True)
        with self._lock():
            for name in os.listdir(self.releases):
                if name.endswith(PARTIAL):  # of a release that was killed
                    shutil.rmtree(os.path.join(self.releases, name))
            self._check_current()
            final = self._new_folder()
            tree = final + PARTIAL
            os.mkdir(tree)
            try:
                self._export(tree)
                self._compile(tree, final)
                self._check(tree)
                os.rename(tree, final)
            except BaseException:
                shutil.rmtree(tree, ignore_errors=True)
                raise
            self._switch(final)
            self._tidy_up()
        self._say("done", f"Released {os.path.basename(final)}")
        return final

    @contextlib.contextmanager
    def _lock(self):
        with open(os.path.join(self.releases, ".lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ReleaseFailed("another release of this checkout is running")
            yield

    def _new_folder(self):
        stem = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        name, number = stem, 1
        while os.path.exists(os.path.join(self.releases, name)):
            number += 1
            name = f"{stem}-{number}"
        return os.path.join(self.releases, name)

    def _export(self, tree):
        commit, why_not = self._head()
        if commit is None:
            self._say("step", f"Export: {why_not}, so the files of the working tree are copied")
            count = self._copy(tree)
        else:
            self._say("step", f"Export: {self._describe(commit)}")
            count = self._archive(commit, tree)
        if not os.path.exists(os.path.join(tree, "manage.py")):
            raise ReleaseFailed("what was exported has no manage.py")
        self._detail(f"{count} files")

    def _head(self):
        """Return (commit, None), or (None, why there is none)."""
        try:
            top = self._git("rev-parse", "--show-toplevel")
            if os.path.realpath(top) != self.source:
                return None, "this folder is not a git checkout of its own"
            return self._git("rev-parse", "--verify", "HEAD^{commit}"), None
        except FileNotFoundError:
            return None, "there is no git on this machine"
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
            return None, f"git finds no commit here ({lines[-1] if lines else error.returncode})"

    def _describe(self, commit):
        title = self._git("log", "-1", "--format=%h %s", commit)
        if self._git("status", "--porcelain", "--untracked-files=no"):
            title += " (changes that are not committed are left out)"
        return title

    def _git(self, *arguments):
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace").strip()

    def _archive(self, commit, tree):
        with tempfile.TemporaryFile() as file:
            done = subprocess.run(
                ["git", "archive", "--format=tar", commit], cwd=self.source, stdout=file
            )
            if done.returncode:
                raise ReleaseFailed(f"git archive ended with exit code {done.returncode}")
            file.seek(0)
            with tarfile.open(fileobj=file) as tar:
                # Links go as they are, wherever they point, as without git and on older Pythons:
                # the stricter filter refuses some, and this is code that is going to be run.
                if hasattr(tarfile, "tar_filter"):
                    tar.extraction_filter = tarfile.tar_filter
                members = [member for member in tar.getmembers() if not member.isdir()]
                for number, member in enumerate(members, 1):
                    try:
                        tar.extract(member, tree)
                    except tarfile.TarError as error:
                        raise ReleaseFailed(f"{member.name} cannot be exported: {error}")
                    self._progress("files", number, len(members))
        return len(members)

    def _copy(self, tree):
        count = 0
        for folder, folders, files in os.walk(self.source):
            folders[:] = [
                name
                for name in sorted(folders)
                if not NOT_COPIED.match(name) and os.path.join(folder, name) != self.var
            ]
            target = os.path.join(tree, os.path.relpath(folder, self.source))
            os.makedirs(target, exist_ok=True)
            for name in files:
                path = os.path.join(folder, name)
                if not NOT_COPIED.match(name) and (os.path.isfile(path) or os.path.islink(path)):
                    shutil.copy2(path, os.path.join(target, name), follow_symlinks=False)
                    count += 1
        return count

    def _compile(self, tree, final):
        self._say("step", "Byte-compile: Python " + ".".join(map(str, sys.version_info[:3])))
        # Tracebacks should name the place where the files are going to be. -q prints the errors.
        command = [self.python, "-m", "compileall", "-q", "-d", final, tree]
        if subprocess.run(command, cwd=tree).returncode:
            raise ReleaseFailed("some files do not compile")
        count = sum(name.endswith(".pyc") for _, _, files in os.walk(tree) for name in files)
        self._detail(f"{count} files")

    def _check(self, tree):
        self._say("step", "Check: manage.py check in the new tree")
        environment = dict(os.environ, DEVOPS_VAR=self.var, PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run([self.python, "manage.py", "check"], cwd=tree, env=environment)
        if done.returncode:
            raise ReleaseFailed(f"the check ended with exit code {done.returncode}")

    def _switch(self, final):
        """Make it the current one: a reader sees the old or the new link, never none."""
        has_one = os.path.islink(self.current)
        before = os.path.basename(os.readlink(self.current)) if has_one else "nothing"
        after = os.path.basename(final)
        self._say("step", f"Switch: {before} → {after}")
        link = os.path.join(self.releases, ".link")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(link)
        # Relative, so that the whole folder can be moved.
        os.symlink(os.path.join("releases", after), link)
        os.replace(link, self.current)

    def _check_current(self):
        if os.path.lexists(self.current) and not os.path.islink(self.current):
            raise ReleaseFailed(f"{self.current} is in the way: it is not a symlink")

    def _tidy_up(self):
        names = sorted(filter(NAME.match, os.listdir(self.releases)), key=_age)
        kept = os.path.basename(os.readlink(self.current))
        old = [name for name in names[:-KEEP] if name != kept]
        for name in old:
            shutil.rmtree(os.path.join(self.releases, name))
        self._say("step", f"Tidy up: {len(names) - len(old)} releases kept, {len(old)} removed")

    def _say(self, kind, text):
        if self.colour:
            mark = "\x1b[1;32m✔\x1b[0m" if kind == "done" else "\x1b[1;34m➜\x1b[0m"
            self.write(f"{mark} \x1b[1m{text}\x1b[0m\n")
        else:
            self.write(f"{text}\n")

    def _detail(self, text):
        self.write(f"  \x1b[2m{text}\x1b[0m\x1b[K\n" if self.colour else f"  {text}\n")

    def _progress(self, what, number, total):
        if self.colour and (number % 25 == 0 or number == total):
            self.write(f"  {number}/{total} {what}\r")


def _age(name):
    stem, _, number = name.partition("-")
    return stem, int(number or 1)
