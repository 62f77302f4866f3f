#!/usr/bin/python3
"""An OTLP/gRPC receiver that shares no code with Spoor: gRPC's C core and protoc's stubs, both Debian's.

    otlp_grpc.py --proto schemas/otlp.proto [--port 0] [--raw FILE] [--otlp-json FILE]
                 [--certificate FILE --key FILE [--client-ca FILE [--bind-host]]] [--brief]

Prints one JSON object a line on stdout:
    {"kind": "listening", "port": N}
    {"kind": "log", "event_name", "time_unix_nano", ..., "attributes": {...}, "resource": {...}, "scope": {...}}
    {"kind": "span", "name", "trace_id", "span_id", "parent_span_id", ..., "attributes", "resource", "scope"}
    {"kind": "request", "service": "logs"|"traces"|"metrics", "records": N, "bytes": N, "answer": "OK"|...}
    {"kind": "behaviour", "service": ..., "behaviour": ...}      the answer to a line on stdin
A request's own line comes after the lines of its records. A record that was refused has no line.
--brief prints instead, for each request: {"kind": "taken", "uids": [...], "indices": [...]}, null for what has no index.
Integers past 2^53 and times are strings, so that no JSON reader rounds them; bytes are hexadecimal.

Reads one instruction a line on stdin, "SERVICE BEHAVIOUR" (SERVICE: logs, traces, metrics or all), and ends when stdin does:
    none                          change nothing; the answer comes after all that was printed until now
    logs ok                       take everything (how it starts)
    logs once BEHAVIOUR           behave so for one request (not hang), and take everything from then on
    logs refuse STATUS [MS]       answer with this gRPC status, and ask for a retry after MS milliseconds
    logs partial N                take all but the last N records of each request, and say so
    logs nonsense                 answer with bytes that are no OTLP message
    logs hang                     answer nothing until told otherwise, or until the caller gives up
    logs slow MS                  take everything, each record after MS milliseconds
    logs limit RECORDS            answer RESOURCE_EXHAUSTED to more records at once, and say nothing of a retry
    logs poison TEXT              answer INVALID_ARGUMENT to a request in which a record's file.path holds TEXT
    logs token VALUE              answer UNAUTHENTICATED, and what was sent, unless authorization is "Bearer VALUE"

--raw FILE gets the bytes of every request, as they came out of gRPC's frames, answered or refused.
--client-ca FILE wants a client certificate of that authority; --bind-host also that its URI urn:spoor:host:ID is the
host.id of every record, and answers PERMISSION_DENIED where it is not.
--otlp-json FILE gets one ExportLogsServiceRequest a line in the OTLP/JSON mapping: what a SIEM's export looks like.
"""

import argparse
import pathlib
import re
import sys
import tempfile
import threading
import time
from concurrent import futures

import grpc
from otlp_decode import brief_lines, foreign_host, log_lines, metric_lines, obey, otlp_json, output_lock, poisoned, say, say_taken, span_lines, stubs

# Calls answered at once; a hanging one holds a thread, so a sender with more in flight than this waits.
MAX_CALLS = 16

class Service:
    """One Export method, and how it is told to behave. `behaviour` is guarded by `changed`."""

    def __init__(self, name, descriptor, request_class, answer_class, lines, rejected_field, raw, export, chosen):
        self.name = name
        self.descriptor = descriptor
        self.request_class = request_class
        self.answer_class = answer_class
        self.lines = lines
        self.rejected_field = rejected_field
        self.raw = raw
        self.export = export
        self.bind_host = chosen.bind_host
        self.brief = chosen.brief
        self.behaviour = ["ok"]
        self.changed = threading.Condition()

    def behave(self, words):
        with self.changed:
            self.behaviour = words
            self.changed.notify_all()

    def handler(self):
        # Bytes in, bytes out: the raw request is kept, and nonsense can be answered.
        export = grpc.unary_unary_rpc_method_handler(self.answer)
        return grpc.method_handlers_generic_handler(self.descriptor.full_name, {"Export": export})

    def settled_behaviour(self, context):
        with self.changed:
            while self.behaviour[0] == "hang":
                if not context.is_active():
                    return ["hang"]
                self.changed.wait(timeout=0.1)  # is_active() changes without a notification
            words = list(self.behaviour)
            if words[0] == "once":
                self.behaviour = ["ok"]
                return words[1:]
            return words

    def answer(self, raw_request, context):
        if self.raw:
            with output_lock:
                self.raw.write(raw_request)
                self.raw.flush()
        request = self.request_class.FromString(raw_request)
        lines = list(self.lines(request))

        def report(outcome):
            say({"kind": "request", "service": self.name, "records": len(lines), "bytes": len(raw_request), "answer": outcome})

        behaviour = self.settled_behaviour(context)
        if behaviour[0] == "hang":
            report("HUNG")
            context.abort(grpc.StatusCode.CANCELLED, "the caller gave up")
        if self.bind_host and foreign_host(lines, host_of(context)):
            report("PERMISSION_DENIED")
            context.abort(grpc.StatusCode.PERMISSION_DENIED, f"the certificate is of host {host_of(context)}")
        if behaviour[0] == "limit" and len(lines) > int(behaviour[1]):
            report("RESOURCE_EXHAUSTED")
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many records")
        if behaviour[0] == "poison" and poisoned(lines, behaviour[1]):
            report("INVALID_ARGUMENT")
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"a path holds {behaviour[1]}")
        if behaviour[0] == "token":
            sent = dict(context.invocation_metadata()).get("authorization", "nothing")
            if sent != f"Bearer {behaviour[1]}":
                report("UNAUTHENTICATED")
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"{sent} is not valid")
        if behaviour[0] == "slow":
            time.sleep(len(lines) * int(behaviour[1]) / 1000)
            if not context.is_active():
                report("TOO_SLOW")
                context.abort(grpc.StatusCode.CANCELLED, "the caller gave up")
        if behaviour[0] == "refuse":
            if len(behaviour) > 2:
                context.set_trailing_metadata((("grpc-retry-pushback-ms", behaviour[2]),))
            report(behaviour[1])
            context.abort(grpc.StatusCode[behaviour[1]], "told to refuse")
        if behaviour[0] == "nonsense":
            report("NONSENSE")
            return b"\xff\xff\xff\xff this is no OTLP message"

        answer = self.answer_class()
        taken = lines
        if behaviour[0] == "partial":
            rejected = min(int(behaviour[1]), len(lines))
            taken = lines[: len(lines) - rejected]
            setattr(answer.partial_success, self.rejected_field, rejected)
            answer.partial_success.error_message = "told to reject these"
        say_taken(taken, brief=self.brief)
        if self.export:
            with output_lock:
                self.export.write(otlp_json(request) + "\n")
                self.export.flush()
        report("OK" if taken is lines else "PARTIAL")
        return answer.SerializeToString()


def check(words):
    """Raises ValueError for an instruction that means nothing."""
    name, *rest = words or [""]
    known = {"ok": 0, "nonsense": 0, "hang": 0, "partial": 1, "slow": 1, "limit": 1, "poison": 1, "token": 1}
    if name == "refuse":
        if len(rest) not in (1, 2) or rest[0] not in grpc.StatusCode.__members__:
            raise ValueError("refuse wants the name of a gRPC status, and perhaps milliseconds")
    elif name not in known or len(rest) != known[name]:
        raise ValueError(f"unknown behaviour {' '.join(words)!r}")


def host_of(context):
    """The host that the client's certificate was issued to."""
    for names in context.auth_context().values():
        for name in names:
            found = re.fullmatch(r"urn:spoor:host:(.+)", name.decode(errors="replace"))
            if found:
                return found[1]
    return "nobody"


def listening_port(server, chosen):
    address = f"127.0.0.1:{chosen.port}"
    if not chosen.certificate:
        return server.add_insecure_port(address)
    pair = (pathlib.Path(chosen.key).read_bytes(), pathlib.Path(chosen.certificate).read_bytes())
    ca = pathlib.Path(chosen.client_ca).read_bytes() if chosen.client_ca else None
    return server.add_secure_port(address, grpc.ssl_server_credentials([pair], ca, chosen.client_ca is not None))


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
    raw = open(chosen.raw, "ab") if chosen.raw else None
    export = open(chosen.otlp_json, "a", encoding="utf-8") if chosen.otlp_json else None

    with tempfile.TemporaryDirectory(prefix="otlp-stubs-") as folder:
        logs, trace, metrics = stubs(chosen.proto, folder)
        services = {
            "logs": Service(
                "logs",
                logs.DESCRIPTOR.services_by_name["LogsService"],
                logs.ExportLogsServiceRequest,
                logs.ExportLogsServiceResponse,
                brief_lines if chosen.brief else log_lines,
                "rejected_log_records",
                raw,
                export,
                chosen,
            ),
            "traces": Service(
                "traces",
                trace.DESCRIPTOR.services_by_name["TraceService"],
                trace.ExportTraceServiceRequest,
                trace.ExportTraceServiceResponse,
                span_lines,
                "rejected_spans",
                raw,
                None,
                chosen,
            ),
            "metrics": Service(
                "metrics",
                metrics.DESCRIPTOR.services_by_name["MetricsService"],
                metrics.ExportMetricsServiceRequest,
                metrics.ExportMetricsServiceResponse,
                metric_lines,
                "rejected_data_points",
                raw,
                None,
                chosen,
            ),
        }
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=MAX_CALLS),
            handlers=[service.handler() for service in services.values()],
            # Without this two receivers can share a port, and a test would talk to another test's.
            options=(("grpc.so_reuseport", 0),),
        )
        port = listening_port(server, chosen)
        if port == 0:
            sys.exit(f"otlp_grpc.py: port {chosen.port} of 127.0.0.1 is taken")
        server.start()
        say({"kind": "listening", "port": port})
        obey(services, check)
        for service in services.values():
            service.behave(["ok"])  # lets hanging calls end
        server.stop(grace=0.5).wait()


main()
