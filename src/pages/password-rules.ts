import type { Form } from '../http/read-form.ts';
import type { FieldError } from './page-parts.ts';

/** Finds what is wrong with a new password before anybody is asked: it must be there, and typed twice alike. */
export function newPasswordFaults(form: Form): readonly FieldError[] {
  const password = form.text('password');
  if (password === '') return [{ field: 'password', sentence: 'Choose a password.' }];
  if (password !== form.text('password_again')) {
    return [{ field: 'password_again', sentence: 'The two passwords are not the same.' }];
  }
  return [];
}

/** The sentences about an unacceptable password, next to its field. */
export function unacceptable(sentences: readonly string[]): readonly FieldError[] {
  return sentences.map((sentence) => ({ field: 'password', sentence }));
}
