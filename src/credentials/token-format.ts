import type { Environment } from '../core/principal.ts';
import { checksum, checksumLength } from '../crypto/checksum.ts';
import { randomToken } from '../crypto/random-token.ts';

/** Lengths of the parts of an API key behind its prefix; with the checksum they make 32 characters. */
const PUBLIC_ID_LENGTH = 8;
const KEY_SECRET_LENGTH = 18;
/** Length of the secret of a personal access token: 238 random bits. */
const TOKEN_SECRET_LENGTH = 40;
const TOKEN_PREFIX = 'lkp_';

const API_KEY = /^sk_(live|test)_([0-9A-Za-z]{8})[0-9A-Za-z]{18}[0-9A-Za-z]{6}$/;
const PERSONAL_ACCESS_TOKEN = /^([1-9]\d{0,18})[|.](lkp_[0-9A-Za-z]{40})([0-9A-Za-z]{6})$/;

/** An API key in clear, with the part by which it is looked up and shown. */
export interface ApiKeyText {
  readonly text: string;
  readonly publicId: string;
  readonly environment: Environment;
}

/** A personal access token whose form is good, taken apart. */
export interface PersonalAccessTokenText {
  readonly id: number;
  /** `lkp_` and 40 characters: what the stored digest is of. */
  readonly secret: string;
}

/** Draws an API key: `sk_live_` or `sk_test_`, 8 characters of public id, 18 of secret, 6 of checksum. */
export function generateApiKey(environment: Environment): ApiKeyText {
  const publicId = randomToken(PUBLIC_ID_LENGTH);
  const body = `sk_${environment}_${publicId}${randomToken(KEY_SECRET_LENGTH)}`;
  return { text: body + checksum(body), publicId, environment };
}

/** Takes an API key apart, or null for anything that was never one; no I/O. */
export function parseApiKey(text: string): ApiKeyText | null {
  const match = API_KEY.exec(text);
  const environment = match?.[1];
  const publicId = match?.[2];
  if (publicId === undefined || (environment !== 'live' && environment !== 'test')) return null;
  if (checksum(text.slice(0, -checksumLength)) !== text.slice(-checksumLength)) return null;
  return { text, publicId, environment };
}

/** Draws the secret of a personal access token, without its checksum. */
export function generateTokenSecret(): string {
  return TOKEN_PREFIX + randomToken(TOKEN_SECRET_LENGTH);
}

/** Writes a personal access token for its owner: `{id}|lkp_…` with the checksum of the secret behind it. */
export function formatPersonalAccessToken(id: number, secret: string): string {
  return `${id}|${secret}${checksum(secret)}`;
}

/** Takes a personal access token apart, with `|` or `.` between id and secret, or null for anything that was never one; no I/O. */
export function parsePersonalAccessToken(text: string): PersonalAccessTokenText | null {
  const match = PERSONAL_ACCESS_TOKEN.exec(text);
  const id = Number(match?.[1]);
  const secret = match?.[2];
  // The id is text until here: PostgreSQL and JavaScript disagree about what else a number may look like.
  if (secret === undefined || !Number.isSafeInteger(id) || checksum(secret) !== match?.[3]) return null;
  return { id, secret };
}

/** The last characters before the checksum: enough to tell credentials apart in a list, useless to anybody else. */
export function hintOf(text: string): string {
  return text.slice(-4);
}
