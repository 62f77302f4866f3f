#!/usr/bin/python3
"""Does one of each thing Spoor reports, and prints as one line of JSON what it truly did: pids, inodes, ports, errnos.

    truth.py FOLDER PORT4 PORT6

FOLDER is empty and writable; on 127.0.0.1:PORT4 and [::1]:PORT6 somebody accepts connections. Ends with code 5.
Times are Unix nanoseconds read before and after the act. Everything that may pass 2^53 is a string.
"""

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

NANOSECONDS_A_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def device(number):
    return f"{os.major(number)}:{os.minor(number)}"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def started_ns(pid):
    """Start of a process in Unix nanoseconds, as coarse as /proc tells it: one tick."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        ticks = int(file.read().rsplit(b") ", 1)[1].split()[19])
    boot = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return str(boot + ticks * NANOSECONDS_A_TICK)


def program(path):
    real = os.path.realpath(path)
    stat = os.stat(real)
    return {"path": real, "sha256": sha256(real), "device": device(stat.st_dev), "inode": stat.st_ino}


def timed(act):
    before = time.time_ns()
    facts = act()
    return {"before": str(before), "after": str(time.time_ns()), **facts}


def opened(path, flags, mode=0o600):
    """Opens, and tells of the file what fstat says of the descriptor, or the errno."""

    def act():
        try:
            fd = os.open(path, flags, mode)
        except OSError as failure:
            return {"errno": errno.errorcode[failure.errno]}
        stat = os.fstat(fd)
        facts = {
            "errno": None,
            "device": device(stat.st_dev),
            "inode": str(stat.st_ino),
            "mode": format(stat.st_mode & 0o7777, "04o"),
            "size": stat.st_size,
        }
        os.close(fd)
        return facts

    return timed(act)


def connected(family, kind, address, port):
    def act():
        with socket.socket(family, kind) as made:
            try:
                made.connect((address, port))
            except OSError as failure:
                return {"errno": errno.errorcode[failure.errno], "port": port}
            local = made.getsockname()
            return {"errno": None, "local": local[0], "local_port": local[1], "peer": address, "port": port}

    return timed(act)


def refused_port():
    """A port that is bound, so nobody else gets it, and not listened on."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound, bound.getsockname()[1]


def child(arguments, **how):
    def act():
        made = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
        return {"pid": made.pid, "args": arguments, "started": started_ns(made.pid), "code": made.wait()}

    return timed(act)


def killed_child():
    def act():
        made = subprocess.Popen(["/bin/sleep", "1000"])
        facts = {"pid": made.pid, "args": ["/bin/sleep", "1000"], "started": started_ns(made.pid)}
        made.send_signal(signal.SIGKILL)
        return {**facts, "code": made.wait()}

    return timed(act)


def main():
    folder, port4, port6 = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.chdir(folder)
    with open("/proc/self/cmdline", "rb") as file:
        arguments = file.read().decode().split("\0")[:-1]

    with open("read.txt", "w") as file:
        file.write("plain text\n")
    os.symlink("read.txt", "link")
    os.mkdir("sub")
    with open(b"bad-\xff-name", "w") as file:
        file.write("x")
    with open("root-only", "w") as file:
        file.write("not for others\n")
    os.chmod("root-only", 0o600)
    os.chmod(folder, 0o755)
    holder, refused = refused_port()

    truth = {
        "self": {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "thread": threading.get_native_id(),
            "args": arguments,
            "cwd": os.getcwd(),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "started": started_ns("self"),
            "program": program("/proc/self/exe"),
        },
        "opens": {
            # Opened before it is hashed: the event is of the first open in a mode.
            "read": {"path": f"{folder}/read.txt", **opened("sub/../link", os.O_RDONLY), "sha256": sha256("read.txt")},
            "made": {
                "path": f"{folder}/made.txt",
                **opened("made.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640),
            },
            "both": {"path": f"{folder}/root-only", **opened("root-only", os.O_RDWR)},
            "missing": {"path": "no-such-file", **opened("no-such-file", os.O_RDONLY)},
            "directory": {"path": f"{folder}/sub", **opened("sub", os.O_RDONLY | os.O_DIRECTORY)},
            "exclusive": {"path": "read.txt", **opened("read.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL)},
            "bytes": {"path": folder + "/bad-\\xff-name", **opened(b"bad-\xff-name", os.O_RDONLY)},
        },
        "connects": {
            "tcp4": connected(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", port4),
            "tcp6": connected(socket.AF_INET6, socket.SOCK_STREAM, "::1", port6),
            "udp4": connected(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1", port4),
            "refused": connected(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", refused),
        },
        "children": {
            "shell": child(["/bin/sh", "-c", "exit 7", "name with spaces", "", "é", "new\nline"]),
            "killed": killed_child(),
            "nobody": child(["/bin/cat", f"{folder}/root-only"], user=65534, group=65534, extra_groups=[]),
        },
        "programs": {name: program(name) for name in ("/bin/sh", "/bin/sleep", "/bin/cat")},
    }
    holder.close()
    print(json.dumps(truth), flush=True)
    sys.exit(5)


main()
