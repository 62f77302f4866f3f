import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Binds a secret to this machine's TPM 2.0 through systemd-creds (systemd 250 and later): what it writes opens only
 * with that TPM. Updates of firmware or kernel must not lose the key, so no PCR that they change is in the policy.
 * systemd 252 cannot open what it bound to no PCR at all ("TPM2 PCR bank invalid"), hence PCR 16, the one for
 * debugging, which firmware and kernels leave at zero.
 */
const NEUTRAL_PCR = 16;

/** Where the kernel shows a TPM 2.0 with its resource manager. */
const TPM_DEVICE = '/dev/tpmrm0';

/** Name inside the credential; systemd-creds refuses to open it under another. */
const CREDENTIAL = 'spoor-host-key';

/** A TPM answers in a second or two; one that does not is no reason to hang. */
const TIMEOUT_MS = 30_000;

/** The TPM, or the tool for it, did not do what was asked; says what it said. */
export class TpmError extends Error {
  override readonly name = 'TpmError';
}

/**
 * The TPM to use: SPOOR_TPM2_DEVICE (a device, a TCTI such as "swtpm:path=/run/tpm", or "none"), else the
 * machine's own; undefined when there is none.
 */
export function tpmDevice(): string | undefined {
  const named = process.env.SPOOR_TPM2_DEVICE;
  if (named !== undefined) return named === 'none' || named === '' ? undefined : named;
  return existsSync(TPM_DEVICE) ? TPM_DEVICE : undefined;
}

/** @throws TpmError */
export function bindToTpm(secret: Buffer | string, device: string): Buffer {
  return credentials(['encrypt', '--with-key=tpm2', `--tpm2-pcrs=${NEUTRAL_PCR}`], secret, device);
}

/** @throws TpmError */
export function openWithTpm(bound: Buffer, device: string): Buffer {
  return credentials(['decrypt'], bound, device);
}

function credentials(args: readonly string[], input: Buffer | string, device: string): Buffer {
  const [verb = '', ...options] = args;
  const run = spawnSync(
    'systemd-creds',
    [...options, `--name=${CREDENTIAL}`, `--tpm2-device=${device}`, verb, '-', '-'],
    { input, timeout: TIMEOUT_MS, env: { PATH: process.env.PATH ?? '', SYSTEMD_LOG_LEVEL: 'err' } },
  );
  if (run.error) throw new TpmError(`systemd-creds could not be run: ${run.error.message}`);
  if (run.status !== 0)
    throw new TpmError(`systemd-creds ${verb}: ${String(run.stderr).trim().split('\n').at(-1)}`);
  return run.stdout;
}
