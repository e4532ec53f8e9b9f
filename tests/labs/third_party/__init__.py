"""The test suites of packages of the era on this Python, compared with the same on stock 3.7."""
