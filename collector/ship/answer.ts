import { spoor } from '../../schemas/generated/otlp.js';
import type { Outcome } from './transport.ts';

/** Longest word of a receiver that is told on; the rest is cut. */
const MAX_MESSAGE_CHARACTERS = 300;

/**
 * An Export{Logs,Trace}ServiceResponse, which have one form: partial_success (1) { rejected (1), error_message (2) }.
 * What is none is no success: the request is sent again, and a SIEM drops repeats by their uid.
 */
export function readAnswer(bytes: Buffer): Outcome {
  try {
    const { partialSuccess } = spoor.otlp.ExportLogsServiceResponse.decode(bytes);
    return accepted(Number(partialSuccess?.rejectedLogRecords ?? 0), partialSuccess?.errorMessage ?? '');
  } catch {
    return NO_OTLP;
  }
}

/** The same in OTLP's JSON: {"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"..."}}. */
export function readJsonAnswer(text: string): Outcome {
  try {
    const answer: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof answer !== 'object' || answer === null) return NO_OTLP;
    const { partialSuccess } = answer as { partialSuccess?: Record<string, unknown> | null };
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? partialSuccess?.rejectedSpans ?? 0);
    if (!Number.isSafeInteger(rejected)) return NO_OTLP;
    return accepted(rejected, String(partialSuccess?.errorMessage ?? ''));
  } catch {
    return NO_OTLP;
  }
}

const NO_OTLP: Outcome = { kind: 'retry', afterMs: 0, cause: 'the answer is no OTLP message' };

function accepted(rejected: number, message: string): Outcome {
  return { kind: 'accepted', rejected: Math.max(0, rejected), message: shortened(message) };
}

/** What grpc-js says, without the heading it ends with where it has nothing to put below. */
export function grpcWords(text: string): string {
  return shortened(text).replace(/\.? Resolution note:$/, '');
}

/** On one line, and of a length that can be told. */
export function shortened(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE_CHARACTERS);
}
