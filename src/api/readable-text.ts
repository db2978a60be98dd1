import { z } from 'zod';

// Control characters, halves of characters and marks that turn the text around: what PostgreSQL refuses and people misread.
const UNREADABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** A line that people read, such as a name: trimmed, at most 255 characters, nothing in it that can not be seen. */
export const readableText = z
  .string()
  .trim()
  .max(255)
  .refine((text) => !UNREADABLE.test(text), 'Must not contain control characters');

/** What people type into a search: a part of a name or address, without what can not be seen; never empty. */
export const searchText = readableText.min(1);
