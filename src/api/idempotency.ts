import { Conflict, InvalidInput } from '../core/errors.ts';
import type { IdempotencyClaim, IdempotencyKeys } from '../credentials/knex-idempotency-keys.ts';
import { sha256 } from '../crypto/digest.ts';
import type { ApiCall } from './route.ts';

/** What remembering repeats needs. */
export interface IdempotencyDeps {
  readonly keys: IdempotencyKeys;
  /** Runs the work in one transaction, which `keys` and the work join. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

type Caller = Pick<ApiCall<unknown, unknown>, 'principal' | 'request'>;

/**
 * Runs work that makes something, once for each `Idempotency-Key` of a caller and path within a day. A repeat throws
 * `Conflict` with the id of what the first one made; when the work fails, nothing is remembered.
 */
export type Once = <Result>(
  call: Caller,
  path: string,
  work: () => Promise<Result>,
  idOf: (made: Result) => string | number,
) => Promise<Result>;

/** Throws `Conflict` for a repeat, before work that the first one has made impossible, or that costs much. */
export type RefuseRepeat = (call: Caller, path: string) => Promise<void>;

/** Visible ASCII, as the draft of the header has it, and no longer than anybody needs. */
const SANE = /^[\x21-\x7e]{1,255}$/;

/** Builds both. The claim and what is made are one transaction: neither is there without the other. */
export function idempotency({ keys, together }: IdempotencyDeps): {
  readonly once: Once;
  readonly refuseRepeat: RefuseRepeat;
} {
  return {
    async once(call, path, work, idOf) {
      const claim = claimOf(call, path);
      if (claim === null) return work();
      return together(async () => {
        refuse(await keys.claim(claim));
        const made = await work();
        await keys.settle(claim, String(idOf(made)));
        return made;
      });
    },
    async refuseRepeat(call, path) {
      const claim = claimOf(call, path);
      if (claim !== null) refuse(await keys.find(claim));
    },
  };
}

function claimOf({ principal: { subject }, request }: Caller, path: string): IdempotencyClaim | null {
  const { idempotencyKey } = request;
  if (idempotencyKey === null) return null;
  if (!SANE.test(idempotencyKey)) {
    throw new InvalidInput({ 'Idempotency-Key': ['Must be 1 to 255 visible ASCII characters.'] });
  }
  return { caller: `${subject.type}:${subject.id}`, path, keyHash: sha256(`${path}\n${idempotencyKey}`) };
}

function refuse(before: string | null): void {
  if (before === null) return;
  throw new Conflict('This was made before, under the same Idempotency-Key.', { id: readId(before) });
}

/** Ids of rows are numbers on the wire, those of clients text. */
function readId(made: string): string | number {
  return /^[1-9]\d{0,14}$/.test(made) ? Number(made) : made;
}
