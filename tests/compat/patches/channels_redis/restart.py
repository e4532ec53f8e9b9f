"""Source that probes begin with which restart Redis, through the fixture `restarting`."""

RESTART = """
import os, time

def restart():
    open(os.environ["RESTART"], "w").close()
    while os.path.exists(os.environ["RESTART"]):
        time.sleep(0.02)
"""
