"""What a site may set for its deployments."""

from compat.settings import Kind, Number, Setting, Text

SECTION = "Deployments"


def _keys(value):
    listed = isinstance(value, (list, tuple))
    if not listed or not all(isinstance(key, str) and len(key) >= 32 for key in value):
        raise ValueError()  # and not a word about what is there
    return list(value)


MAX_FRAME = Setting(
    "DEPLOY_MAX_FRAME",
    Number("characters", least=1),
    65536,
    "The longest frame that a page's socket may send; a longer one closes it with code 4509.",
    SECTION,
)
STALE_SECONDS = Setting(
    "DEPLOY_STALE_SECONDS",
    Number("seconds", least=10, most=86400, whole=False),
    60,
    "After how long without a heartbeat a runner on another machine counts as gone, and its "
    "deployments as lost. /healthz then fails, too.",
    SECTION,
)
LOGIN_ATTEMPTS = Setting(
    "DEPLOY_LOGIN_ATTEMPTS",
    Number("attempts", most=10**6, zero="no limit"),
    10,
    "How many wrong passwords in a row an address, and a name, may have; then one every "
    "DEPLOY_LOGIN_SECONDS. Further attempts get 429.",
    SECTION,
)
LOGIN_SECONDS = Setting(
    "DEPLOY_LOGIN_SECONDS",
    Number("seconds", least=0.1, most=10**6, whole=False),
    30,
    "How long until one more attempt to log in is allowed.",
    SECTION,
)
KEYS = Setting(
    "DEPLOY_KEYS",
    Kind("a list of keys, each of at least 32 characters", _keys),
    (),
    "The keys of services' secrets: the first one encrypts, all of them decrypt. The runner and "
    "the pages need the same ones.",
    SECTION,
    live=False,
    secret=True,
)
VAR = Setting(
    "DEVOPS_VAR",
    Text("the path of a folder"),
    None,
    "Where `manage.py release` keeps releases. The reference site sets it, by the variable of the "
    "same name.",
    SECTION,
    live=False,
)
