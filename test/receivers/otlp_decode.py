"""What both receivers make of a request: protoc's stubs read it, and it becomes the lines that are printed.

Shared by otlp_grpc.py and otlp_http.py; shares no code with Spoor.
"""

import importlib
import json
import pathlib
import subprocess
import sys
import threading

from google.protobuf import json_format

MAX_EXACT_INT = 2**53 - 1

LOGS_PACKAGE = "opentelemetry.proto.collector.logs.v1"

output_lock = threading.Lock()


def say(line):
    with output_lock:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def stubs(proto_path, folder):
    """Compiles schemas/otlp.proto under its official package name, and the trace and metrics halves beside it."""
    folder = pathlib.Path(folder)
    ours = pathlib.Path(proto_path).read_text()
    (folder / "otlp_logs.proto").write_text(ours.replace("package spoor.otlp;", f"package {LOGS_PACKAGE};"))
    for half in ("otlp_trace.proto", "otlp_metrics.proto"):
        (folder / half).write_text(pathlib.Path(__file__).with_name(half).read_text())
    files = ["otlp_logs.proto", "otlp_trace.proto", "otlp_metrics.proto"]
    subprocess.run(["protoc", f"--proto_path={folder}", f"--python_out={folder}", *files], check=True)
    sys.path.insert(0, str(folder))
    return tuple(importlib.import_module(f"{pathlib.Path(file).stem}_pb2") for file in files)


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


def brief_lines(request):
    """The same with uid and index alone: a million records take minutes otherwise."""
    for of_resource in request.resource_logs:
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                found = {}
                for pair in record.attributes:
                    if pair.key == "log.record.uid":
                        found[pair.key] = pair.value.string_value
                    elif pair.key == "spoor.log.index":
                        found[pair.key] = pair.value.int_value
                yield {"attributes": found}


def metric_lines(request):
    for of_resource in request.resource_metrics:
        resource = attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_metrics:
            scope = scope_of(of_scope)
            for metric in of_scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    yield {
                        "kind": "metric",
                        "name": metric.name,
                        "unit": metric.unit,
                        "data": metric.WhichOneof("data"),
                        "monotonic": getattr(data, "is_monotonic", False),
                        "temporality": getattr(data, "aggregation_temporality", 0),
                        "start_time_unix_nano": str(point.start_time_unix_nano),
                        "time_unix_nano": str(point.time_unix_nano),
                        "value": point.as_double or shown_int(point.as_int),
                        "attributes": attributes(point.attributes),
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


def poisoned(lines, text):
    """Whether a record's file.path holds the text."""
    return any(text in str(line["attributes"].get("file.path", "")) for line in lines)


def foreign_host(lines, host):
    """Whether a record comes from another host than the one the client's certificate was issued to."""
    return any(line["resource"].get("host.id") != host for line in lines)


def say_taken(lines, brief):
    """What a request held; for a million records, as little of it as tells that each arrived."""
    if not brief:
        for line in lines:
            say(line)
        return
    records = [line["attributes"] for line in lines]
    say(
        {
            "kind": "taken",
            "uids": [record.get("log.record.uid") for record in records],
            "indices": [record.get("spoor.log.index") for record in records],
        }
    )


def obey(services, check):
    """Takes instructions from stdin until it ends, and answers each. Ends the program at one that means nothing."""
    for line in sys.stdin:
        name, *words = line.split()
        try:
            told = []
            if name != "none":
                check(words[1:] if words[:1] == ["once"] and words[1:] != ["hang"] else words)
                told = list(services.values()) if name == "all" else [services[name]]
        except (KeyError, ValueError) as wrong:
            sys.exit(f"{pathlib.Path(sys.argv[0]).name}: instruction {line.strip()!r}: {wrong}")
        for service in told:
            service.behave(words)
        say({"kind": "behaviour", "service": name, "behaviour": " ".join(words)})
