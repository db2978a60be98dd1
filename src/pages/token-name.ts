import type { FieldError } from './page-parts.ts';

const NAME_LENGTH = 255;

/** Says in the words of a form what a person can see to be wrong with a token's name; the API says the rest. */
export function nameFaults(name: string): readonly FieldError[] {
  if (name === '') return [{ field: 'name', sentence: 'Give it a name that says where it is used.' }];
  return name.length > NAME_LENGTH ? [{ field: 'name', sentence: 'Use at most 255 characters.' }] : [];
}
