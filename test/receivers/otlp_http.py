#!/usr/bin/python3
"""An OTLP/HTTP receiver that shares no code with Spoor: Python's own HTTP and TLS, protoc's stubs of Debian.

    otlp_http.py --proto schemas/otlp.proto [--port 0] [--raw FILE] [--otlp-json FILE]
                 [--certificate FILE --key FILE [--client-ca FILE [--bind-host]]] [--brief]

Takes POST /v1/logs, /v1/traces and /v1/metrics, application/x-protobuf and application/json, plain and gzip; anything else is
answered as the OTLP specification says. Prints the lines that otlp_grpc.py prints, each request's with "encoding"
(protobuf, json), "compression" (none, gzip) beside.

Reads one instruction a line on stdin, "SERVICE BEHAVIOUR" (SERVICE: logs, traces, metrics or all), and ends when stdin does:
    none                          change nothing; the answer comes after all that was printed until now
    logs ok                       take everything (how it starts)
    logs once BEHAVIOUR           behave so for one request (not hang), and take everything from then on
    logs refuse CODE [SECONDS]    answer with this HTTP status, and Retry-After
    logs partial N                take all but the last N records of each request, and say so
    logs nonsense                 answer 200 with bytes that are no OTLP message
    logs hang                     answer nothing until told otherwise, or until the caller gives up
    logs slow MS                  take everything, each record after MS milliseconds
    logs limit RECORDS            answer 413 to more records at once
    logs poison TEXT              answer 400 to a request in which a record's file.path holds TEXT
    logs token VALUE              answer 401, and what was sent, unless authorization is "Bearer VALUE"
    logs redirect URL             answer 307 to another place
"""

import argparse
import base64
import gzip
import json
import os
import pathlib
import re
import socket
import ssl
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from otlp_decode import brief_lines, foreign_host, log_lines, metric_lines, obey, otlp_json, output_lock, poisoned, say, say_taken, span_lines, stubs

# The OTLP default of many receivers; a larger body is refused before it is read.
MAX_BODY_BYTES = 4 * 1024 * 1024


class Service:
    """One signal, and how it is told to behave. `behaviour` is guarded by `changed`."""

    def __init__(self, name, request_class, answer_class, lines, rejected_field):
        self.name = name
        self.request_class = request_class
        self.answer_class = answer_class
        self.lines = lines
        self.rejected_field = rejected_field
        self.behaviour = ["ok"]
        self.changed = threading.Condition()

    def behave(self, words):
        with self.changed:
            self.behaviour = words
            self.changed.notify_all()

    def settled_behaviour(self, connection):
        with self.changed:
            while self.behaviour[0] == "hang":
                if gone(connection):
                    return ["hang"]
                self.changed.wait(timeout=0.1)
            words = list(self.behaviour)
            if words[0] == "once":
                self.behaviour = ["ok"]
                return words[1:]
            return words


def gone(connection):
    """Whether the caller closed the connection, seen below TLS."""
    with socket.socket(fileno=os.dup(connection.fileno())) as below:
        below.setblocking(False)
        try:
            return below.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def from_json(text, message):
    """OTLP's JSON: ids are hexadecimal, where protobuf's own mapping has base64."""
    whole = json.loads(text)
    for of_resource in whole.get("resourceLogs", []):
        for of_scope in of_resource.get("scopeLogs", []):
            for record in of_scope.get("logRecords", []):
                for field in ("traceId", "spanId"):
                    if field in record:
                        record[field] = base64.b64encode(bytes.fromhex(record[field])).decode()
    for of_resource in whole.get("resourceSpans", []):
        for of_scope in of_resource.get("scopeSpans", []):
            for span in of_scope.get("spans", []):
                for field in ("traceId", "spanId", "parentSpanId"):
                    if field in span:
                        span[field] = base64.b64encode(bytes.fromhex(span[field])).decode()
    # Receivers must ignore unknown fields; here one would hide a mistake, so logs are read strictly.
    return json_format.Parse(json.dumps(whole), message, ignore_unknown_fields="resourceLogs" not in whole)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        service = self.server.services.get(self.path)
        length = int(self.headers.get("content-length", "0"))
        if service is None:
            return self.answer_text(404, f"no service at {self.path}")
        if length > MAX_BODY_BYTES:
            return self.answer_text(413, "too long")
        sent = self.rfile.read(length)
        if len(sent) < length:
            return None  # reset in the middle: nothing was received
        compression = self.headers.get("content-encoding", "none")
        body = gzip.decompress(sent) if compression == "gzip" else sent
        encoding = {"application/x-protobuf": "protobuf", "application/json": "json"}.get(self.headers["content-type"])
        if encoding is None:
            return self.answer_text(415, "wrong content type")
        if self.server.raw:
            with output_lock:
                self.server.raw.write(body)
                self.server.raw.flush()
        request = service.request_class()
        if encoding == "json":
            from_json(body, request)
        else:
            request.ParseFromString(body)
        return self.receive(service, request, encoding, compression, len(sent))

    def receive(self, service, request, encoding, compression, size):
        lines = list(service.lines(request))

        def report(outcome):
            say(
                {
                    "kind": "request",
                    "service": service.name,
                    "records": len(lines),
                    "bytes": size,
                    "answer": outcome,
                    "encoding": encoding,
                    "compression": compression,
                }
            )

        def refuse(code, message, **headers):
            report(str(code))
            self.answer_status(code, message, encoding, headers)

        behaviour = service.settled_behaviour(self.connection)
        kind = behaviour[0]
        if kind == "hang":
            report("HUNG")
            self.close_connection = True
            return
        if self.server.bind_host and foreign_host(lines, self.client_host()):
            return refuse(403, f"the certificate is of host {self.client_host()}")
        if kind == "redirect":
            return refuse(307, "elsewhere", Location=behaviour[1])
        if kind == "refuse":
            after = {"Retry-After": behaviour[2]} if len(behaviour) > 2 else {}
            return refuse(int(behaviour[1]), "told to refuse", **after)
        if kind == "limit" and len(lines) > int(behaviour[1]):
            return refuse(413, "too many records")
        if kind == "poison" and poisoned(lines, behaviour[1]):
            return refuse(400, f"a path holds {behaviour[1]}")
        if kind == "token" and self.headers.get("authorization") != f"Bearer {behaviour[1]}":
            return refuse(401, f"{self.headers.get('authorization', 'nothing')} is not valid")
        if kind == "slow":
            time.sleep(len(lines) * int(behaviour[1]) / 1000)
            if gone(self.connection):
                report("TOO_SLOW")
                self.close_connection = True
                return
        if kind == "nonsense":
            report("NONSENSE")
            return self.answer_bytes(200, b"\xff\xff\xff\xff this is no OTLP message", "application/x-protobuf", {})

        answer = service.answer_class()
        taken = lines
        if kind == "partial":
            rejected = min(int(behaviour[1]), len(lines))
            taken = lines[: len(lines) - rejected]
            setattr(answer.partial_success, service.rejected_field, rejected)
            answer.partial_success.error_message = "told to reject these"
        say_taken(taken, brief=self.server.brief)
        if self.server.export and service.name == "logs":
            with output_lock:
                self.server.export.write(otlp_json(request) + "\n")
                self.server.export.flush()
        report("OK" if taken is lines else "PARTIAL")
        if encoding == "json":
            self.answer_bytes(200, json_format.MessageToJson(answer).encode(), "application/json", {})
        else:
            self.answer_bytes(200, answer.SerializeToString(), "application/x-protobuf", {})
        return

    def client_host(self):
        """The host that the client's certificate was issued to."""
        for kind, name in self.connection.getpeercert().get("subjectAltName", ()):
            found = re.fullmatch(r"urn:spoor:host:(.+)", name)
            if kind == "URI" and found:
                return found[1]
        return "nobody"

    def answer_status(self, code, message, encoding, headers):
        """A google.rpc.Status, in the encoding of the request."""
        if encoding == "json":
            self.answer_bytes(code, json.dumps({"message": message}).encode(), "application/json", headers)
        else:
            text = message.encode()
            varint = bytes([len(text) & 0x7F | 0x80, len(text) >> 7])
            self.answer_bytes(code, b"\x12" + varint + text, "application/x-protobuf", headers)

    def answer_text(self, code, message):
        self.answer_bytes(code, message.encode(), "text/plain", {})
        self.close_connection = True

    def answer_bytes(self, code, body, content_type, headers):
        try:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True  # the caller did not wait


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # A port whose last connections still wait for their end can be taken again; two never listen at one.
    allow_reuse_address = True

    def get_request(self):
        """The handshake is made in the connection's own thread: a slow caller holds up nobody."""
        connection, address = super().get_request()
        connection.settimeout(60)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def finish_request(self, request, client_address):
        try:
            if self.tls:
                request.do_handshake()
            super().finish_request(request, client_address)
        except (ssl.SSLError, ConnectionError, TimeoutError) as wrong:
            say({"kind": "broken", "cause": str(wrong)})


def check(words):
    """Raises ValueError for an instruction that means nothing."""
    known = {"ok": (0,), "nonsense": (0,), "hang": (0,), "refuse": (1, 2)}
    known.update({name: (1,) for name in ("partial", "slow", "limit", "poison", "token", "redirect")})
    if not words or words[0] not in known or len(words) - 1 not in known[words[0]]:
        raise ValueError(f"unknown behaviour {' '.join(words)!r}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--proto", required=True, help="schemas/otlp.proto")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--raw", help="append the bytes of every request here")
    options.add_argument("--otlp-json", help="append every logs request that was taken here, as OTLP/JSON")
    options.add_argument("--certificate", help="speak TLS with this certificate")
    options.add_argument("--key", help="the certificate's private key")
    options.add_argument("--client-ca", help="want a client certificate of this authority")
    options.add_argument("--brief", action="store_true", help="print uid and index of a record, not all of it")
    options.add_argument("--bind-host", action="store_true", help="want records of the certificate's host only")
    chosen = options.parse_args()

    with tempfile.TemporaryDirectory(prefix="otlp-stubs-") as folder:
        logs, trace, metrics = stubs(chosen.proto, folder)
        services = {
            "logs": Service(
                "logs",
                logs.ExportLogsServiceRequest,
                logs.ExportLogsServiceResponse,
                brief_lines if chosen.brief else log_lines,
                "rejected_log_records",
            ),
            "traces": Service(
                "traces", trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse, span_lines, "rejected_spans"
            ),
            "metrics": Service(
                "metrics",
                metrics.ExportMetricsServiceRequest,
                metrics.ExportMetricsServiceResponse,
                metric_lines,
                "rejected_data_points",
            ),
        }
        server = Server(("127.0.0.1", chosen.port), Handler)
        server.services = {f"/v1/{name}": service for name, service in services.items()}
        server.raw = open(chosen.raw, "ab") if chosen.raw else None
        server.export = open(chosen.otlp_json, "a", encoding="utf-8") if chosen.otlp_json else None
        server.bind_host = chosen.bind_host
        server.brief = chosen.brief
        server.tls = None
        if chosen.certificate:
            server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.tls.load_cert_chain(pathlib.Path(chosen.certificate), pathlib.Path(chosen.key))
            if chosen.client_ca:
                server.tls.load_verify_locations(chosen.client_ca)
                server.tls.verify_mode = ssl.CERT_REQUIRED
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say({"kind": "listening", "port": server.server_address[1]})
        obey(services, check)
        for service in services.values():
            service.behave(["ok"])  # lets hanging calls end
        server.shutdown()


main()
