/** What `spoor run` was asked for, whichever process watches. */
export interface RunOptions {
  readonly state: string;
  /** Receiver's URL; undefined ships nothing. */
  readonly otlp: string | undefined;
  /** Writes what the sensor saw to this file too, as it was, unredacted. */
  readonly record: string | undefined;
  readonly report: 'text' | 'json';
}
