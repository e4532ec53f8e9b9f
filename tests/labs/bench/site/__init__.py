"""
The two sites that are compared, one set of files: BENCH_SITE is "ours" or "stock".

The stock site is the pinned stack as it is; its COMPAT_DISABLE leaves out our repairs.
"""

import os

if os.environ.get("COMPAT_DISABLE") != "*":
    import compat

    compat.install()
