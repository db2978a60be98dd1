import { Conflict, InvalidInput } from '../core/errors.ts';
import type { IdempotencyKeys } from '../credentials/knex-idempotency-keys.ts';
import { sha256 } from '../crypto/digest.ts';
import type { ApiCall } from './route.ts';

/** What remembering repeats needs. */
export interface IdempotencyDeps {
  readonly keys: IdempotencyKeys;
  /** Runs the work in one transaction, which `keys` and the work join. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Runs work that makes something, once for each `Idempotency-Key` of a caller and path within a day. A repeat throws
 * `Conflict` with the id of what the first one made; when the work fails, nothing is remembered.
 */
export type Once = <Result>(
  call: Pick<ApiCall<unknown, unknown>, 'principal' | 'request'>,
  path: string,
  work: () => Promise<Result>,
  idOf: (made: Result) => string | number,
) => Promise<Result>;

/** Visible ASCII, as the draft of the header has it, and no longer than anybody needs. */
const SANE = /^[\x21-\x7e]{1,255}$/;

/** Builds the wrapper. The claim and what is made are one transaction: neither is there without the other. */
export function once({ keys, together }: IdempotencyDeps): Once {
  return async ({ principal: { subject }, request }, path, work, idOf) => {
    const { idempotencyKey } = request;
    if (idempotencyKey === null) return work();
    if (!SANE.test(idempotencyKey)) {
      throw new InvalidInput({ 'Idempotency-Key': ['Must be 1 to 255 visible ASCII characters.'] });
    }
    const caller = `${subject.type}:${subject.id}`;
    const claim = { caller, path, keyHash: sha256(`${path}\n${idempotencyKey}`) };
    return together(async () => {
      const before = await keys.claim(claim);
      if (before !== null) {
        throw new Conflict('This was made before, under the same Idempotency-Key.', { id: readId(before) });
      }
      const made = await work();
      await keys.settle(claim, String(idOf(made)));
      return made;
    });
  };
}

/** Ids of rows are numbers on the wire, those of clients text. */
function readId(made: string): string | number {
  return /^[1-9]\d{0,14}$/.test(made) ? Number(made) : made;
}
