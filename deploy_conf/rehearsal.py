"""
Try a site's code as a server would: python rehearsal.py asgi|wsgi MODULE:OBJECT PAGE PROBE.

`reload` runs it by its path, in the site's environment; it imports nothing of deploy_conf. What a
request loads late is loaded now: URLs, templates' libraries, authentication and session backends,
routes of WebSockets. Then system checks, and one request through the application itself.
`program FILE|-m MODULE WORD…` looks at a long-running command without running it.
"""

import importlib.util
import os
import sys
import traceback

FAILED, REMARK, FIT = "deploy_conf-failed: ", "deploy_conf-remark: ", "deploy_conf-fit"
SECONDS = 10  # for a WebSocket to be accepted or refused


# Settings that name what is imported when a request first needs it: a name or a list of names, and
# dicts (or lists) of dicts with one.
NAMING = (
    "CSRF_FAILURE_VIEW",
    "DATABASE_ROUTERS",
    "DEFAULT_EXCEPTION_REPORTER_FILTER",
    "DEFAULT_FILE_STORAGE",
    "EMAIL_BACKEND",
    "FILE_UPLOAD_HANDLERS",
    "FORM_RENDERER",
    "MESSAGE_STORAGE",
    "PASSWORD_HASHERS",
    "SESSION_SERIALIZER",
    "STATICFILES_STORAGE",
)
NAMING_WITHIN = (
    ("AUTH_PASSWORD_VALIDATORS", "NAME"),
    ("CACHES", "BACKEND"),
    ("CHANNEL_LAYERS", "BACKEND"),
)


class Unfit(Exception):
    """The new code is not fit; the message says why."""


def main(kind, words):
    """Raises Unfit, or whatever the site raises."""
    if kind == "program":
        return try_program(words)
    target, page, probe = words
    application = load(target)
    configured = load_django()
    if kind == "wsgi":
        ask_wsgi(application, page)
    else:
        ask_asgi(application, page, probe)
    if configured:
        look_at_the_rest()
    return None


def load(target):
    """The object of package.module:object."""
    module, _, name = target.partition(":")
    found = importlib.import_module(module)
    for word in (name or "application").split("."):
        found = getattr(found, word)
    return found


def load_django():
    """Everything a request would load; False for an application that is not Django's."""
    django = sys.modules.get("django")
    if django is None or not os.environ.get("DJANGO_SETTINGS_MODULE"):
        return False
    from django.apps import apps
    from django.conf import settings
    from django.core import checks
    from django.urls import get_resolver
    from django.utils.module_loading import import_string

    django.setup()
    load_urls(get_resolver())
    if apps.is_installed("django.contrib.auth"):
        for dotted in settings.AUTHENTICATION_BACKENDS:
            import_string(dotted)
    if apps.is_installed("django.contrib.sessions"):
        importlib.import_module(settings.SESSION_ENGINE)
    load_templates()
    for setting, dotted in named_by(settings):
        load_named(setting, dotted)
    serious = [one for one in checks.run_checks() if one.is_serious() and not one.is_silenced()]
    if serious:
        raise Unfit("system check %s" % " ".join(str(serious[0]).split()))
    return True


def load_urls(resolver):
    """The modules of all URLconfs, and the views that are named by a string."""
    for one in resolver.url_patterns:
        if hasattr(one, "url_patterns"):
            load_urls(one)
        else:
            one.callback  # noqa: B018 (it is looked up when it is asked for)
    for code in (400, 403, 404, 500):
        resolver.resolve_error_handler(code)


def load_templates():
    """The libraries of tags and the context processors of Django's own engines."""
    from django.template import engines

    for engine in engines.all():
        inner = getattr(engine, "engine", None)
        if inner is not None:
            inner.template_libraries  # noqa: B018
            inner.template_context_processors  # noqa: B018


def named_by(settings):
    """(setting, dotted name) of what settings name that is imported late."""
    for setting in NAMING:
        value = getattr(settings, setting, None) or ()
        for one in [value] if isinstance(value, str) else value:
            if isinstance(one, str):
                yield setting, one
    for setting, key in NAMING_WITHIN:
        value = getattr(settings, setting, None) or {}
        for one in value.values() if isinstance(value, dict) else value:
            if isinstance(one.get(key), str):
                yield setting, one[key]


def load_named(setting, dotted):
    """Import it; of a package that is not installed only tell: a site may never come to use it."""
    from django.utils.module_loading import import_string

    try:
        import_string(dotted)
    except Exception as error:
        missing = (getattr(error, "name", None) or "").split(".")[0]
        said = "%s, %s: %s" % (setting, dotted, explain(error))
        if not missing or os.path.exists(missing) or os.path.exists(missing + ".py"):
            raise Unfit(said)
        remark(said)


def ask_wsgi(application, page):
    """One GET; Unfit for an answer of 500 or more."""
    import io

    said = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": page,
        "QUERY_STRING": "",
        "REQUEST_URI": page,
        "SERVER_NAME": host(),
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host(),
        "HTTP_X_FORWARDED_FOR": "127.0.0.1",
        "HTTP_X_FORWARDED_PROTO": "https",  # else a site may only send us there
        "HTTPS": "on",
        "HTTP_USER_AGENT": "deploy_conf reload",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
    }
    answer = application(environ, lambda status, headers, exc_info=None: said.append(status))
    try:
        next(iter(answer), None)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    complain(page, int(said[-1].split()[0]) if said else 500)


def ask_asgi(application, page, probe):
    """One GET, and a handshake where the site names a WebSocket for that."""
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    scope = {
        "path": page,
        "raw_path": page.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ["127.0.0.1", 1],
        "server": ["127.0.0.1", 443],
        "headers": [
            (b"host", host().encode("idna")),
            (b"origin", b"https://" + host().encode("idna")),
            (b"x-forwarded-for", b"127.0.0.1"),
            (b"x-forwarded-proto", b"https"),
            (b"user-agent", b"deploy_conf reload"),
        ],
    }
    web = dict(scope, type="http", http_version="1.1", method="GET", scheme="https")
    if takes(application, "http"):
        sent = loop.run_until_complete(
            converse(application, web, {"type": "http.request", "body": b"", "more_body": False})
        )
        complain(page, sent.get("status", 500))
    if probe and takes(application, "websocket"):
        socket = dict(scope, type="websocket", path=probe, raw_path=probe.encode(), scheme="wss")
        socket["subprotocols"] = []
        try:
            sent = loop.run_until_complete(
                converse(application, socket, {"type": "websocket.connect"})
            )
        except OSError as error:  # Redis is not there: that is no fault of the code
            return remark("WebSocket %s: %s" % (probe, explain(error)))
        if sent.get("type") not in ("websocket.accept", "websocket.close"):
            raise Unfit("the WebSocket %s gets no answer" % probe)


def takes(application, kind):
    """Whether an application has a route for a protocol, as far as it can be known."""
    mapping = getattr(application, "application_mapping", None)
    return mapping is None or kind in mapping


async def converse(application, scope, first):
    """The first message that an application (of ASGI 2) answers to `first`."""
    import asyncio

    answers = asyncio.Queue()
    questions = asyncio.Queue()
    questions.put_nowait(first)
    instance = application(scope)
    task = asyncio.ensure_future(instance(questions.get, answers.put))
    heard = asyncio.ensure_future(answers.get())
    await asyncio.wait([task, heard], timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if task.done() and not heard.done():
        heard.cancel()
        task.result()  # raises what it raised
        return {}
    if scope["type"] == "websocket":
        questions.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await asyncio.wait([task], timeout=SECONDS)
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    if not heard.done():
        heard.cancel()
        return {}
    return heard.result()


def host():
    """A name that the site answers to."""
    try:
        from django.conf import settings

        names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    except Exception:  # a site without Django, or without settings
        names = []
    return names[0] if names else "localhost"


def complain(page, status):
    """Unfit for an answer that says that something is broken."""
    if status >= 500:
        raise Unfit("%s answers %d (another page to ask for is named by --page)" % (page, status))


def look_at_the_rest():
    """Name modules of the site's applications that have a syntax error and were not imported."""
    from django.apps import apps

    here = os.path.join(os.getcwd(), "")
    loaded = {os.path.realpath(getattr(one, "__file__", None) or "") for one in list_modules()}
    for config in apps.get_app_configs():
        if not os.path.join(config.path, "").startswith(here) or "site-packages" in config.path:
            continue
        for folder, _, names in os.walk(config.path):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith(".py") and os.path.realpath(path) not in loaded:
                    problem = syntax_error(path)
                    if problem:
                        remark("%s, which nothing has loaded yet" % problem)


def list_modules():
    return [module for module in list(sys.modules.values()) if module is not None]


def syntax_error(path):
    """What is wrong with a file, in one line; None for one that can be compiled, or not be read."""
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return "%s, line %s: %s" % (os.path.relpath(path), error.lineno, error.msg)
    except (OSError, ValueError):
        return None
    return None


def try_program(words):
    """A command of manage.py is imported, a module found, another file compiled."""
    if words[0] == "-m":
        if importlib.util.find_spec(words[1]) is None:
            raise Unfit("there is no module %s" % words[1])
        return
    problem = syntax_error(words[0])
    if problem:
        raise Unfit(problem)
    if os.path.basename(words[0]) == "manage.py" and len(words) > 1:
        import django
        from django.core.management import get_commands, load_command_class

        django.setup()
        application = get_commands().get(words[1])
        if application is None:
            raise Unfit("manage.py has no command %s" % words[1])
        if isinstance(application, str):
            load_command_class(application, words[1])


def explain(error):
    """One line: what, and the last place in the site's own files, else in any."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, SyntaxError) and error.filename:
        place = "%s, line %s" % (os.path.relpath(error.filename), error.lineno)
        return "%s: %s: %s" % (place, type(error).__name__, error.msg)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f[0] != __file__]
    mine = [f for f in frames if f[0].startswith(os.getcwd()) and "site-packages" not in f[0]]
    text = "%s: %s" % (type(error).__name__, " ".join(str(error).split()))
    for frame in (mine or frames)[-1:]:
        text += " (%s, line %s)" % (os.path.relpath(frame[0]), frame[1])
    return text


def remark(text):
    print(REMARK + text)
    sys.stdout.flush()


if __name__ == "__main__":
    # Run by its path: not this folder is searched for modules but the one it works in.
    sys.path[0] = os.getcwd()
    sys.dont_write_bytecode = True
    try:
        main(sys.argv[1], sys.argv[2:])
    except BaseException as problem:  # SystemExit in the site's code, too
        print("\n" + FAILED + explain(problem))
        sys.stdout.flush()
        # Threads of the site's must not keep it alive.
        os._exit(1)
    print("\n" + FIT)
    sys.stdout.flush()
    os._exit(0)
