/** Names of the OpenTelemetry severity numbers (logs data model, "Displaying Severity"); 0 is unspecified. */
const RANGES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

const TEXTS: readonly string[] = [
  '',
  ...RANGES.flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]),
];

/** The text of a severity number; empty for 0 and for a number the data model does not know. */
export function severityText(severity: number): string {
  return TEXTS[severity] ?? '';
}
