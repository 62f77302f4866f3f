"""What systemd does for systemd-run, where none runs: speaks D-Bus on its private socket, starts transient units.

    systemd_stand_in.py SOCKET

D-Bus specification: authentication EXTERNAL, one method call (StartTransientUnit), one method return. The unit's
ExecStart is started as systemd does, by a fork of its own; nothing else of the unit is looked at.
"""
import os
import socket
import struct
import sys


def aligned(at, to):
    return at + -at % to


def text(data, at):
    """A string of the wire: (value, where the next thing may begin)."""
    at = aligned(at, 4)
    length, = struct.unpack_from("<I", data, at)
    return data[at + 4:at + 4 + length].decode(), at + 4 + length + 1


def command_of(body):
    """argv of ExecStart, a(sasb)."""
    signature = body.index(b"a(sasb)\0") + 8
    at = aligned(signature, 4) + 4
    path, at = text(body, aligned(at, 8))
    at = aligned(at, 4)
    length, = struct.unpack_from("<I", body, at)
    at, end, args = at + 4, at + 4 + length, []
    while at < end:
        arg, at = text(body, at)
        args.append(arg)
    return path, args


def answer(serial):
    """A method return whose body is one object path: the job."""
    job = b"/org/freedesktop/systemd1/job/1"
    body = struct.pack("<I", len(job)) + job + b"\0"
    fields = struct.pack("<B3sI", 5, b"\1u\0", serial)  # REPLY_SERIAL
    fields += struct.pack("<B3sBBB", 8, b"\1g\0", 1, ord("o"), 0)  # SIGNATURE
    head = struct.pack("<BBBBIII", ord("l"), 2, 1, 1, len(body), 1, len(fields)) + fields
    return head + b"\0" * (-len(head) % 8) + body


def receive(connection, data, bytes_wanted):
    while len(data) < bytes_wanted:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        data += more
    return data


def serve(connection):
    data = b""
    while b"BEGIN\r\n" not in data:
        data = receive(connection, data, len(data) + 1)
    asked, data = data.split(b"BEGIN\r\n", 1)
    said = b"DATA\r\n" if b"DATA\r\n" in asked else b""
    said += b"OK 0123456789abcdef0123456789abcdef\r\n"
    said += b"AGREE_UNIX_FD\r\n" if b"NEGOTIATE_UNIX_FD" in asked else b""
    connection.sendall(said)
    while True:
        data = receive(connection, data, 16)
        body_bytes, serial, field_bytes = struct.unpack_from("<III", data, 4)
        begin = aligned(16 + field_bytes, 8)
        data = receive(connection, data, begin + body_bytes)
        message, data = data[:begin + body_bytes], data[begin + body_bytes:]
        if b"StartTransientUnit" in message:
            path, args = command_of(message[begin:])
            if os.fork() == 0:
                os.execv(path, args)
        connection.sendall(answer(serial))


with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        try:
            serve(client)
        except EOFError:
            client.close()
