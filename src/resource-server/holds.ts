import { covers } from '../core/scope.ts';

/** Tells whether scopes cover a required one. What is protected is not known here, so wildcards over resources cover nothing. */
export function holds(scopes: readonly string[], required: string): boolean {
  return scopes.some((granted) => covers(granted, required, () => true));
}
