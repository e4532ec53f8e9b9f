"""
A process that has imported what others need, and forks one for each of them.

It runs without site-packages (`python -S`), and so without the bridge, until a fork knows which
patches are disabled. That one may import Django and what belongs to it, and fork itself.
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import site
import socket
import struct
import sys
import threading

# Of the standard library. What a Python has no more, it does without.
STANDARD = """
    asyncio base64 bz2 calendar cgi code concurrent.futures.thread contextlib copy ctypes datetime
    decimal difflib email.generator email.header email.headerregistry email.message
    email.mime.multipart email.mime.text email.parser email.utils getpass glob gzip hashlib hmac
    html.parser http.client http.cookies http.server inspect ipaddress json locale logging.config
    logging.handlers mimetypes optparse pickle platform pprint queue random runpy shutil
    socketserver sqlite3 ssl string subprocess tempfile threading traceback typing unicodedata
    unittest.mock urllib.request uuid wsgiref.simple_server xml.dom.pulldom zipfile zlib
""".split()

# Of daphne and channels, what needs no Django.
TWISTED = """
    twisted.internet.asyncioreactor twisted.internet.endpoints twisted.web.http
    autobahn.twisted.websocket aioredis redis msgpack
""".split()

# What django.setup() begins with, and what it imports for nearly every site. None of it may ask
# for a setting, or import a model.
DJANGO = """
    django.apps django.conf django.urls django.utils.log django.core.checks django.db.models
    django.db.backends.sqlite3.base django.core.mail django.views.debug django.forms
    django.template.backends.django django.template.defaulttags django.template.loader_tags
    django.views.generic django.core.handlers.wsgi django.middleware.common
    django.utils.translation.trans_real
""".split()

# The rest of them, but for daphne.server, which makes an event loop.
CHANNELS = """
    asgiref.sync cryptography.fernet channels_redis.core channels.generic.websocket channels.http
    daphne.http_protocol daphne.ws_protocol
""".split()

FUZZ = ["hypothesis"]


def serve(descriptor):
    """Fork for each request; returns, in the fork that shall run something, its code."""
    control, started, head = socket.socket(fileno=descriptor), False, None
    load(STANDARD)
    while True:
        try:
            request, passed = receive(control)
        except KeyboardInterrupt:
            request = None
        if request is None:
            os._exit(0)  # who asked is gone
        if os.fork():
            for one in passed:
                os.close(one)
            reap()
            continue
        control.close()
        control = socket.socket(fileno=passed.pop(0))
        runs = "argv" in request
        if runs:
            fork_and_attend(control, passed)
        os.environ.clear()
        os.environ.update(request["environ"])
        if not started:
            started = True
            complete_start()
        if runs:
            return begin(request, passed, head)
        if "head" in request:
            head = Head(request["head"])
            send(control, head.done)
        else:
            prepare(request["load"])


def fork_and_attend(control, passed):
    """Returns in the fork; the other one tells its number, and its status when it has ended."""
    pid = os.fork()
    if pid:
        for one in passed:
            os.close(one)  # a socket is shut when the fork shuts it
        send(control, pid)
        while True:
            try:
                send(control, os.waitpid(pid, 0)[1])
                os._exit(0)
            except KeyboardInterrupt:
                pass  # that is for the fork to decide
            except OSError:
                os._exit(0)  # nobody asks any more
    control.close()
    if sys.version_info < (3, 7) and "random" in sys.modules:
        sys.modules["random"].seed()  # as later ones do after each fork


def complete_start():
    """What -S left out; a `.pth` file may install the bridge."""
    sys.path.remove("")  # of -c, which Python puts there after that
    site.main()
    sys.path.insert(0, "")


def prepare(names):
    """What those with this environment would do first."""
    import compat

    compat.install()
    for name in names:
        load(globals()[name])
    assert "twisted.internet.reactor" not in sys.modules
    if "django.apps" in sys.modules:
        from django.conf import settings

        assert not settings.configured and not sys.modules["django.apps"].apps.all_models


def load(names):
    """Import what there is of them; all of it is shared with the forks."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    freeze()


def freeze():
    """So that no fork writes into all that there is."""
    sys.stderr.flush()  # a warning that waits there, until Python 3.9, would be each fork's
    if hasattr(gc, "freeze"):
        gc.collect()
        gc.freeze()


class Head(object):
    """What several programs begin with, once it has run: for forks that go on from there."""

    def __init__(self, text):
        self.text, before = text, dict(os.environ)
        try:
            exec(compile(text, "<string>", "exec"), vars(sys.modules["__main__"]))
            self.done = True
        except BaseException:
            self.done = False  # each says so itself
        self.environ = {k: v for k, v in os.environ.items() if before.get(k) != v}
        freeze()

    def rest(self, code):
        """The lines that follow it keep their numbers."""
        assert code.startswith(self.text)
        os.environ.update(self.environ)
        return "\n" * self.text.count("\n") + code[len(self.text) :]


def begin(request, passed, head=None):
    """Become the process that was asked for, and return its code."""
    # Out of the way first: they may have the numbers that others shall get.
    passed = [(fcntl.fcntl(one, fcntl.F_DUPFD, 500), os.close(one))[0] for one in passed]
    for one, wanted in zip(passed, request["descriptors"]):
        os.dup2(one, wanted)
        os.close(one)
    os.chdir(request["cwd"])
    if request["path"]:
        sys.path[1:1] = request["path"]
    sys.argv[:] = request["argv"]
    if request["argv"][0] == "-c":
        code = head.rest(request["code"]) if head else request["code"]
        return compile(code, "<string>", "exec")
    if request["argv"][0] == "-m":
        sys.path[0] = request["cwd"] if sys.version_info >= (3, 7) else ""
        code = "__import__('runpy')._run_module_as_main(%r)" % request["code"]
        return compile(code, "<string>", "exec")
    script = request["argv"][0]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    if sys.version_info >= (3, 9):
        script = os.path.abspath(script)
    sys.modules["__main__"].__file__, sys.modules["__main__"].__cached__ = script, None
    with open(script, "rb") as file:
        return compile(file.read(), script, "exec")


def end(code=None):
    """
    End as an interpreter does, but for the time that it takes to take all modules apart: those of
    the warm process would be copied for that. Returns for a code that is not a number.
    """
    if not isinstance(code, (int, type(None))):
        return  # the interpreter prints it
    threading._shutdown()
    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass  # it has been printed
    main = sys.modules["__main__"].__dict__
    for name in [name for name in main if name != "__builtins__"]:
        main[name] = None
    gc.collect()  # whoever complains of being forgotten does so now
    status = (code or 0) & 0xFF
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            status = status or 120
    os._exit(status)


def reap():
    """Forks that have ended meanwhile."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def send(control, value, passed=()):
    """A line of JSON, and open files. As bytes, which another locale may read as other letters."""
    passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("%di" % len(passed), *passed))]
    line = os.fsencode(json.dumps(value, ensure_ascii=False)) + b"\n"
    sent = control.sendmsg([line], passed if passed[0][2] else [])
    control.sendall(line[sent:])


def receive(control):
    """(value, the descriptors that came with it); None when the other side is gone."""
    data, passed = b"", []
    while not data.endswith(b"\n"):
        # No more than a line: of who ends soon, number and status may be there both.
        ahead = control.recv(65536, socket.MSG_PEEK)
        size = ahead.find(b"\n") + 1 or len(ahead) or 1
        more, ancillary, _, _ = control.recvmsg(size, socket.CMSG_SPACE(4 * 9))
        if not more:
            return None, passed
        data += more
        for _, _, packed in ancillary:
            passed += struct.unpack("%di" % (len(packed) // 4), packed)
    return json.loads(os.fsdecode(data)), passed
