import { hash } from 'node:crypto';

/** Digests a secret of at least 128 random bits, or any public value, to 32 bytes. */
export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer');
}

/** Digests like `sha256`, as 64 hexadecimal characters. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** Digests like `sha256`, as 43 base64url characters. */
export function sha256Base64url(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url');
}
