#!/usr/bin/python3
"""An OTLP/gRPC receiver that shares no code with Spoor: gRPC's C core and protoc's stubs, both Debian's.

    otlp_grpc.py --proto schemas/otlp.proto [--port 0] [--raw FILE] [--otlp-json FILE]

Prints one JSON object a line on stdout:
    {"kind": "listening", "port": N}
    {"kind": "log", "event_name", "time_unix_nano", ..., "attributes": {...}, "resource": {...}, "scope": {...}}
    {"kind": "span", "name", "trace_id", "span_id", "parent_span_id", ..., "attributes", "resource", "scope"}
    {"kind": "request", "service": "logs"|"traces", "records": N, "bytes": N, "answer": "OK"|...}
    {"kind": "behaviour", "service": ..., "behaviour": ...}      the answer to a line on stdin
A request's own line comes after the lines of its records. A record that was refused has no line.
Integers past 2^53 and times are strings, so that no JSON reader rounds them; bytes are hexadecimal.

Reads one instruction a line on stdin, "SERVICE BEHAVIOUR" (SERVICE: logs, traces or all), and ends when stdin does:
    logs ok                       take everything (how it starts)
    logs refuse STATUS [MS]       answer with this gRPC status, and ask for a retry after MS milliseconds
    logs partial N                take all but the last N records of each request, and say so
    logs nonsense                 answer with bytes that are no OTLP message
    logs hang                     answer nothing until told otherwise, or until the caller gives up

--raw FILE gets the bytes of every request, as they came out of gRPC's frames, answered or refused.
--otlp-json FILE gets one ExportLogsServiceRequest a line in the OTLP/JSON mapping: what a SIEM's export looks like.
"""

import argparse
import importlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
from concurrent import futures

import grpc
from google.protobuf import json_format

# Calls answered at once; a hanging one holds a thread, so a sender with more in flight than this waits.
MAX_CALLS = 16
MAX_EXACT_INT = 2**53 - 1

LOGS_PACKAGE = "opentelemetry.proto.collector.logs.v1"

output_lock = threading.Lock()


def say(line):
    with output_lock:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def stubs(proto_path, folder):
    """Compiles schemas/otlp.proto under its official package name, and the trace half beside it."""
    folder = pathlib.Path(folder)
    ours = pathlib.Path(proto_path).read_text()
    (folder / "otlp_logs.proto").write_text(ours.replace("package spoor.otlp;", f"package {LOGS_PACKAGE};"))
    trace = pathlib.Path(__file__).with_name("otlp_trace.proto").read_text()
    (folder / "otlp_trace.proto").write_text(trace)
    subprocess.run(
        ["protoc", f"--proto_path={folder}", f"--python_out={folder}", "otlp_logs.proto", "otlp_trace.proto"], check=True
    )
    sys.path.insert(0, str(folder))
    return importlib.import_module("otlp_logs_pb2"), importlib.import_module("otlp_trace_pb2")


def shown_int(value):
    return value if -MAX_EXACT_INT <= value <= MAX_EXACT_INT else str(value)


def plain(any_value):
    """An AnyValue as the JSON value a person would write for it."""
    kind = any_value.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(any_value, kind)
    if kind == "int_value":
        return shown_int(value)
    if kind == "bytes_value":
        return value.hex()
    if kind == "array_value":
        return [plain(item) for item in value.values]
    if kind == "kvlist_value":
        return attributes(value.values)
    return value


def attributes(pairs):
    found = {}
    for pair in pairs:
        # The specification: keys of a list are unique. Showing the last of two would hide the mistake.
        if pair.key in found:
            raise ValueError(f"attribute {pair.key} comes twice")
        found[pair.key] = plain(pair.value)
    return found


def scope_of(scoped):
    return {
        "name": scoped.scope.name,
        "version": scoped.scope.version,
        "attributes": attributes(scoped.scope.attributes),
        "schema_url": scoped.schema_url,
    }


def log_lines(request):
    for of_resource in request.resource_logs:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            scope = scope_of(of_scope)
            for record in of_scope.log_records:
                yield {
                    "kind": "log",
                    "event_name": record.event_name,
                    "time_unix_nano": str(record.time_unix_nano),
                    "observed_time_unix_nano": str(record.observed_time_unix_nano),
                    "severity_number": record.severity_number,
                    "severity_text": record.severity_text,
                    "trace_id": record.trace_id.hex(),
                    "span_id": record.span_id.hex(),
                    "flags": record.flags,
                    "body": plain(record.body),
                    "attributes": attributes(record.attributes),
                    "dropped_attributes_count": record.dropped_attributes_count,
                    "resource": resource,
                    "scope": scope,
                }


def span_lines(request):
    for of_resource in request.resource_spans:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            scope = scope_of(of_scope)
            for span in of_scope.spans:
                yield {
                    "kind": "span",
                    "name": span.name,
                    "trace_id": span.trace_id.hex(),
                    "span_id": span.span_id.hex(),
                    "parent_span_id": span.parent_span_id.hex(),
                    "span_kind": span.kind,
                    "start_time_unix_nano": str(span.start_time_unix_nano),
                    "end_time_unix_nano": str(span.end_time_unix_nano),
                    "status_code": span.status.code,
                    "status_message": span.status.message,
                    "attributes": attributes(span.attributes),
                    "events": [
                        {
                            "name": event.name,
                            "time_unix_nano": str(event.time_unix_nano),
                            "attributes": attributes(event.attributes),
                        }
                        for event in span.events
                    ],
                    "links": [{"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in span.links],
                    "resource": resource,
                    "scope": scope,
                }


def otlp_json(request):
    """The OTLP/JSON mapping: protobuf's own, but ids are hexadecimal and enums are numbers."""
    whole = json_format.MessageToDict(request)
    for of_resource, seen_resource in zip(request.resource_logs, whole.get("resourceLogs", [])):
        for of_scope, seen_scope in zip(of_resource.scope_logs, seen_resource.get("scopeLogs", [])):
            for record, seen in zip(of_scope.log_records, seen_scope.get("logRecords", [])):
                if record.trace_id:
                    seen["traceId"] = record.trace_id.hex()
                if record.span_id:
                    seen["spanId"] = record.span_id.hex()
    return json.dumps(whole, ensure_ascii=False)


class Service:
    """One Export method, and how it is told to behave. `behaviour` is guarded by `changed`."""

    def __init__(self, name, descriptor, request_class, answer_class, lines, rejected_field, raw, export):
        self.name = name
        self.descriptor = descriptor
        self.request_class = request_class
        self.answer_class = answer_class
        self.lines = lines
        self.rejected_field = rejected_field
        self.raw = raw
        self.export = export
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
            return list(self.behaviour)

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
        for line in taken:
            say(line)
        if self.export:
            with output_lock:
                self.export.write(otlp_json(request) + "\n")
                self.export.flush()
        report("OK" if taken is lines else "PARTIAL")
        return answer.SerializeToString()


def check(words):
    """Raises ValueError for an instruction that means nothing."""
    name, *rest = words or [""]
    known = {"ok": 0, "nonsense": 0, "hang": 0, "partial": 1}
    if name == "refuse":
        if len(rest) not in (1, 2) or rest[0] not in grpc.StatusCode.__members__:
            raise ValueError("refuse wants the name of a gRPC status, and perhaps milliseconds")
    elif name not in known or len(rest) != known[name]:
        raise ValueError(f"unknown behaviour {' '.join(words)!r}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--proto", required=True, help="schemas/otlp.proto")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--raw", help="append the bytes of every request here")
    options.add_argument("--otlp-json", help="append every logs request that was taken here, as OTLP/JSON")
    chosen = options.parse_args()
    raw = open(chosen.raw, "ab") if chosen.raw else None
    export = open(chosen.otlp_json, "a", encoding="utf-8") if chosen.otlp_json else None

    with tempfile.TemporaryDirectory(prefix="otlp-stubs-") as folder:
        logs, trace = stubs(chosen.proto, folder)
        services = {
            "logs": Service(
                "logs",
                logs.DESCRIPTOR.services_by_name["LogsService"],
                logs.ExportLogsServiceRequest,
                logs.ExportLogsServiceResponse,
                log_lines,
                "rejected_log_records",
                raw,
                export,
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
            ),
        }
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=MAX_CALLS),
            handlers=[service.handler() for service in services.values()],
            # Without this two receivers can share a port, and a test would talk to another test's.
            options=(("grpc.so_reuseport", 0),),
        )
        port = server.add_insecure_port(f"127.0.0.1:{chosen.port}")
        if port == 0:
            sys.exit(f"otlp_grpc.py: port {chosen.port} of 127.0.0.1 is taken")
        server.start()
        say({"kind": "listening", "port": port})
        for line in sys.stdin:
            name, *words = line.split()
            try:
                check(words)
                told = list(services.values()) if name == "all" else [services[name]]
            except (KeyError, ValueError) as wrong:
                sys.exit(f"otlp_grpc.py: instruction {line.strip()!r}: {wrong}")
            for service in told:
                service.behave(words)
            say({"kind": "behaviour", "service": name, "behaviour": " ".join(words)})
        for service in services.values():
            service.behave(["ok"])  # lets hanging calls end
        server.stop(grace=0.5).wait()


main()
