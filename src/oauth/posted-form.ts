import { isAscii } from 'node:buffer';

/** The fields of a posted form; an empty text for one that was not sent. */
export interface PostedForm {
  text(name: string): string;
}

/** Forms of the protocol have a handful of fields. */
const MOST_FIELDS = 100;

/** Reads a small form by hand; null for one that repeats a field or can not be read, which is for others to say. */
export function readPostedForm(body: Buffer): PostedForm | null {
  if (!isAscii(body)) return null;
  const fields = new Map<string, string>();
  for (const pair of body.toString('latin1').split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decode(pair.slice(at + 1));
    if (name === null || value === null || fields.has(name) || fields.size === MOST_FIELDS) return null;
    fields.set(name, value);
  }
  return { text: (name) => fields.get(name) ?? '' };
}

const AS_IT_IS = /^[^%+\0]*$/;

function decode(part: string): string | null {
  if (AS_IT_IS.test(part)) return part;
  try {
    const text = decodeURIComponent(part.replaceAll('+', ' '));
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
