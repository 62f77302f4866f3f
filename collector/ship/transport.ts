/** One way to bring a request to a receiver; knows nothing of logs or positions. */
export interface Transport {
  /** Never rejects: what went wrong is an outcome. One at a time. */
  send(request: Buffer): Promise<Outcome>;
  close(): void;
}

export type Outcome =
  /** The receiver has it. `rejected` records of it were refused for good (partial success), for the reason in `message`. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  /** Not delivered; the same request may succeed later, not before `afterMs`. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly cause: string }
  /** No answer in time: the receiver may be too slow for so much at once. */
  | { readonly kind: 'timeout'; readonly cause: string }
  /** More than this receiver takes in one request. */
  | { readonly kind: 'too_large'; readonly cause: string }
  /** The receiver refused this request for what is in it; sending it again would be refused again. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** The receiver refuses this sender, whatever it sends: a token, a certificate or the endpoint is wrong. */
  | { readonly kind: 'unwelcome'; readonly cause: string };
