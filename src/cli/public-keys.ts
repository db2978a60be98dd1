import { readFile } from 'node:fs/promises';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';

/** Reads a JSON Web Key Set (RFC 7517 section 5) from a file. Throws (exit code 2) when it is none, or when it holds private keys, which must not leave the machine. */
export async function readPublicKeys(path: string): Promise<{ readonly keys: readonly object[] }> {
  const keys = keysOf(await readJson(path));
  if (keys === null) throw unusable(`${path} is not a key set: {"keys":[…]} with at least one public key.`);
  if (keys.some((key) => 'd' in key || 'k' in key)) {
    throw unusable(`${path} holds a private key. Give the public half only; nothing was sent.`);
  }
  return { keys };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(`${path} can not be read (${error instanceof Error ? error.message : String(error)}).`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(`${path} is not JSON.`);
  }
}

function keysOf(value: unknown): object[] | null {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return null;
  const keys = value.keys.filter((key) => typeof key === 'object' && key !== null && !Array.isArray(key));
  return keys.length === 0 || keys.length < value.keys.length ? null : keys;
}

function unusable(message: string): CommandFailure {
  return new CommandFailure({ exitCode: EXIT_CODE.usage, message });
}
