import { Conflict, InvalidInput } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { Credential } from './credential.ts';
import { expiryFaults, type Grantor, heldFaults } from './grantor.ts';

/** The time in which a key that was rotated and the one that replaces it both work. */
export interface KeyGrace {
  /** The old key. */
  readonly keyId: number;
  readonly replacedBy: number;
  readonly beganAt: Date;
  readonly endsAt: Date;
  /** The latest that it may end: a week after the rotation, and never after the old key's own end. */
  readonly latestEnd: Date;
}

/** Where graces are kept. */
export interface KeyGraces {
  /** Null for a key that is not in its grace. */
  find(keyId: number): Promise<KeyGrace | null>;
  /** Moves the end in one statement, which checks the bounds again; false where it may not be moved there, or not anymore. */
  move(keyId: number, endsAt: Date): Promise<boolean>;
}

/** What moving the end needs. */
export interface MoveGraceEndDeps {
  readonly graces: KeyGraces;
  readonly catalog: ScopeCatalog;
  readonly clock: () => Date;
}

/** Which grace ends when. */
export interface MoveGraceEndInput {
  readonly key: Pick<Credential, 'id' | 'scopes'>;
  readonly grantor: Grantor;
  readonly endsAt: Date;
}

/**
 * Builds the use case that moves the end of a grace, to and fro. Throws `Conflict` for a key that is not in its grace, and
 * `InvalidInput` for an end beyond the bounds, or a later one by somebody who does not hold what the key may do.
 */
export function moveGraceEnd(deps: MoveGraceEndDeps): (input: MoveGraceEndInput) => Promise<KeyGrace> {
  return async ({ key, grantor, endsAt }) => {
    const grace = await deps.graces.find(key.id);
    if (grace === null) throw new Conflict('This key is not being replaced: it has no grace to change.');
    const errors = {
      ...(endsAt > grace.endsAt && heldFaults(deps.catalog, grantor, key.scopes, 'prolong the life of a key with')),
      ...boundFaults(deps.clock(), grace, endsAt),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const moved = (await deps.graces.move(key.id, endsAt)) ? await deps.graces.find(key.id) : null;
    if (moved === null) throw new Conflict('The grace of this key has ended in the meantime.');
    return moved;
  };
}

function boundFaults(now: Date, { latestEnd }: KeyGrace, endsAt: Date): Readonly<Record<string, readonly string[]>> {
  if (Object.keys(expiryFaults(now, endsAt)).length > 0) {
    return { ends_at: ['Must lie in the future. To end the old key now, delete it.'] };
  }
  if (endsAt <= latestEnd) return {};
  return { ends_at: [`The latest possible end is ${latestEnd.toISOString()}.`] };
}
