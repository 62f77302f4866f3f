#!/usr/bin/python3
"""Runs COUNT short processes, one after the other, and prints of each its pid and how it ended: "pid code" a line.

    storm.py COUNT

Process N is /bin/true N, or for each third /bin/false N.
"""

import os
import sys

ended = []
for number in range(int(sys.argv[1])):
    program = "/bin/false" if number % 3 == 0 else "/bin/true"
    pid = os.posix_spawn(program, [program, str(number)], os.environ)
    ended.append((pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
for pid, code in ended:
    print(pid, code)
