/** A guest kernel cannot be booted on this host: says what, why and the mend in one line. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}
