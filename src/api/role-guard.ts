import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { InvalidInput, LatchkeyError } from '../core/errors.ts';

/** What the guard of roles needs. */
export interface RoleGuardDeps {
  /** Entries of a role of the vocabulary, or undefined when there is none of this name. */
  readonly roleEntries: (role: string) => readonly string[] | undefined;
  /** Entries that a caller with these limits may not hand on. */
  readonly refusedGrants: (limits: EffectiveScopeInputs, entries: readonly string[]) => readonly string[];
}

/** Says who may hand out which roles: nobody gives more than they hold, nor has power over somebody who holds more. */
export interface RoleGuard {
  /** Throws `InvalidInput` on `role` for one that is not in the vocabulary, or that holds more than the caller. */
  refuseUnheldRole(limits: EffectiveScopeInputs, role: string): void;
  /** Tells whether the caller's credential holds all that these roles grant. */
  holds(limits: EffectiveScopeInputs, roles: readonly string[]): boolean;
}

/** Builds the guard of roles. */
export function roleGuard(deps: RoleGuardDeps): RoleGuard {
  const refused = (limits: EffectiveScopeInputs, role: string): readonly string[] =>
    // The workspace's ceiling holds for everybody in it alike, whatever their role.
    deps.refusedGrants({ ...limits, workspace: null }, deps.roleEntries(role) ?? []);
  return {
    refuseUnheldRole(limits, role) {
      if (deps.roleEntries(role) === undefined) throw new InvalidInput({ role: ['There is no such role.'] });
      if (refused(limits, role).length > 0) {
        throw new InvalidInput({ role: [`You can not give the role ${role}: it holds more than you do.`] });
      }
    },
    holds: (limits, roles) => roles.every((role) => refused(limits, role).length === 0),
  };
}

/** The answer to somebody who has the scope and still may not do this to this person. */
export function unauthorizedAction(detail: string): LatchkeyError {
  return new LatchkeyError({ status: 403, code: 'forbidden', description: 'This action is unauthorized.', detail });
}
