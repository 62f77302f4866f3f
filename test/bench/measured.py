#!/usr/bin/python3
"""Runs a command and writes what it cost: {"wallS", "cpuS", "code"}; CPU is user and system time of it and of
every descendant that was waited for.

    measured.py OUT COMMAND...
"""

import json
import resource
import subprocess
import sys
import time

began = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    json.dump({"wallS": wall, "cpuS": used.ru_utime + used.ru_stime, "code": code}, out)
