import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import type { SecretKeyFact } from './config-facts.ts';
import type { Config } from './environment.ts';

/** The name of the generated file in the data folder. */
export const secretKeysFileName = 'secret-keys';

/** Secret keys, at least one: the first is current. */
export type SecretKeys = readonly [string, ...string[]];

/**
 * Gives the secret keys: those of `SECRET_KEYS`, else those in the data folder, which are drawn once by `drawKey` (mode 0600). Processes that start at the same moment agree on one file. Throws a ConfigurationError when others may read the
 * file, or it holds nothing.
 */
export function loadSecretKeys(config: Pick<Config, 'secretKeys' | 'dataDir'>, drawKey: () => string): SecretKeys {
  const [first, ...rest] = config.secretKeys ?? [];
  if (first !== undefined) return [first, ...rest];
  const path = join(config.dataDir, secretKeysFileName);
  return readKeys(path) ?? generateKeys(config.dataDir, path, drawKey);
}

/** Says about loaded keys what the decision to start needs to know. */
export function secretKeyFacts(config: Pick<Config, 'secretKeys'>, keys: SecretKeys): SecretKeyFact[] {
  const source = config.secretKeys === undefined ? 'file' : 'environment';
  return keys.map((text) => ({ text, source }));
}

function readKeys(path: string): SecretKeys | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw refusal(
      'SECRET_KEYS_FILE_UNREADABLE',
      `${path} can not be read.`,
      'Let the user of this server own it.',
      error,
    );
  }
  try {
    // Windows has no such bits.
    if (process.platform !== 'win32' && (fstatSync(file).mode & 0o077) !== 0) {
      throw refusal('SECRET_KEYS_FILE_READABLE', `Others may read ${path}.`, `Take that away: chmod 600 ${path}`);
    }
    const [first, ...rest] = readFileSync(file, 'utf8')
      .split(/[\s,]+/)
      .filter((key) => key !== '');
    if (first !== undefined) return [first, ...rest];
    throw refusal(
      'SECRET_KEYS_FILE_EMPTY',
      `${path} holds no key.`,
      'Bring it back from a backup; with new keys, stored secrets are lost.',
    );
  } finally {
    closeSync(file);
  }
}

/** Writes a complete file beside the place and links it there: the link fails when another process was first, and nobody sees half a file. */
function generateKeys(folder: string, path: string, drawKey: () => string): SecretKeys {
  let draftFolder: string | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    draftFolder = mkdtempSync(`${path}.`);
    const draft = join(draftFolder, 'draft');
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, `${drawKey()}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, path);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) {
      throw refusal(
        'DATA_FOLDER_UNWRITABLE',
        `Secret keys can not be written to ${folder}.`,
        'Set DATA_DIR to a folder of your own, or set SECRET_KEYS.',
        error,
      );
    }
  } finally {
    if (draftFolder !== undefined) rmSync(draftFolder, { recursive: true, force: true });
  }
  const keys = readKeys(path);
  if (keys === undefined) throw new Error(`${path} vanished while it was written.`);
  return keys;
}

function refusal(code: string, message: string, fix: string, cause?: unknown): ConfigurationError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new ConfigurationError([{ code, message: message + reason, fix }]);
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
