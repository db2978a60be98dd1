import type { Form } from '../http/read-form.ts';
import { readExpiry } from './expiry-choices.ts';
import type { FieldError } from './page-parts.ts';

const NAME_LENGTH = 255;

/** What a form says about a key, and what a person can see to be missing in the words of the form. */
export interface KeyFields {
  readonly faults: readonly FieldError[];
  readonly body: {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly rate_limit_tier: string | null;
    /** Undefined keeps what is. */
    readonly expires_at?: string | null;
  };
}

/** Reads the fields that a new key and a changed one have in common; only a changed one may keep its end. */
export function readFields(form: Form, now: Date, { mayKeepEnd }: { readonly mayKeepEnd: boolean }): KeyFields {
  const faults: FieldError[] = [];
  const name = form.text('name').trim();
  if (name === '') faults.push({ field: 'name', sentence: 'Give it a name that says what uses it.' });
  if (name.length > NAME_LENGTH) faults.push({ field: 'name', sentence: 'Use at most 255 characters.' });
  const scopes = form.list('scopes');
  if (scopes.length === 0) faults.push({ field: 'scopes', sentence: 'Tick at least one, or it can do nothing.' });
  const body = { name, scopes, rate_limit_tier: form.text('tier') === '' ? null : form.text('tier') };
  if (mayKeepEnd && form.text('expiry') === 'keep') return { faults, body };
  const end = readExpiry(form, now);
  if ('error' in end) return { faults: [...faults, end.error], body };
  return { faults, body: { ...body, expires_at: end.expiresAt } };
}

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['scopes', 'scopes'],
  ['expires_at', 'expires_at'],
  ['rate_limit_tier', 'tier'],
]);

/** Puts what the API says about a field beside the field of the form. */
export function onTheForm({ field, sentence }: FieldError): FieldError {
  return { field: FIELDS.get(field.split('.')[0] ?? '') ?? 'form', sentence };
}
