import { z } from 'zod';

// Control characters, halves of characters and marks that turn the text around: what PostgreSQL refuses and people misread.
const UNREADABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

// Letters and spaces without a shape: a name of these alone, or with one more of them, passes for no name or another one.
const UNSEEN = /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u2800\u3164\ufeff\uffa0]/u;
// What joins other characters, as in emoji and Persian, is no text by itself.
const SEEN = /[^\s\p{Cf}\p{M}]/u;

/** A line that people read, such as a name: trimmed, at most 255 characters, nothing in it that can not be seen. */
export const readableText = z
  .string()
  .trim()
  .max(255)
  .refine((text) => !UNREADABLE.test(text), 'Must not contain control characters')
  .refine(
    (text) => text === '' || (SEEN.test(text) && !UNSEEN.test(text)),
    'Must not contain characters without a shape',
  );

/** What people type into a search: a part of a name or address, without what can not be seen; never empty. */
export const searchText = readableText.min(1);
