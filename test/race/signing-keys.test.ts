import { expect } from 'chai';
import pg from 'pg';
import { Conflict } from '../../src/core/errors.ts';
import { deriveKeys } from '../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { knexSigningKeyRepository } from '../../src/oauth/knex-signing-key-repository.ts';
import { loadSigningKeys } from '../../src/oauth/load-signing-keys.ts';
import { type RotateSigningKeysInput, rotateSigningKeys } from '../../src/oauth/rotate-signing-keys.ts';
import { waitForAnother } from '../support/meeting.ts';
import { freshDatabase } from '../support/test-database.ts';

const AT_ONCE = 8;
const sealingKeys = deriveKeys([randomSecretKey()], 'sealing');

/** Numbers of keys: made by two starts at once, and by rotations at once. */
interface Outcome {
  readonly first: number | undefined;
  readonly made: number;
  readonly refused: number;
}

/** Starts twice at once on an empty database, then rotates many times at once, over two processes' worth of pools. */
async function newKeysOfParallelRotations(
  input: RotateSigningKeysInput,
  linger: 'pg_sleep(0.05)' | 'wait_for_another()' = 'pg_sleep(0.05)',
): Promise<Outcome> {
  const databaseUrl = await freshDatabase();
  const databases: Database[] = [openDatabase({ databaseUrl }), openDatabase({ databaseUrl })];
  try {
    const repositories = databases.map(({ knex }) => knexSigningKeyRepository(knex));
    await Promise.all(repositories.map((repository) => loadSigningKeys(repository, sealingKeys)));
    const first = await databases[0]?.knex('signing_keys').select('kid');
    // A slow insert leaves the others time to look.
    await databases[0]?.knex.raw(`
      ${waitForAnother}
      CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ${linger}; RETURN NEW; END $$;
      CREATE TRIGGER linger BEFORE INSERT ON signing_keys FOR EACH ROW EXECUTE FUNCTION linger()`);
    const results = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, (_, index) => {
        const repository = repositories[index % 2];
        if (repository === undefined) throw new Error('no repository');
        return rotateSigningKeys({ repository, sealingKeys, refresh: async () => {} })(input);
      }),
    );
    const refusals = results.filter((result) => result.status === 'rejected' && result.reason instanceof Conflict);
    const rows: unknown[] = (await databases[0]?.knex('signing_keys').select('kid')) ?? [];
    return { first: first?.length, made: rows.length - (first?.length ?? 0), refused: refusals.length };
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
}

describe('rotations of the signing key at the same time', () => {
  for (const input of [{}, { immediately: true }]) {
    it(`make one new key after one first key, and the others are told (${JSON.stringify(input)})`, async () => {
      expect(await newKeysOfParallelRotations(input)).to.deep.equal({ first: 1, made: 1, refused: AT_ONCE - 1 });
    });
  }

  it('make several when the lock is taken away', async () => {
    const original: unknown = pg.Client.prototype.query;
    if (typeof original !== 'function') throw new Error('pg has no query');
    const withoutLock = function query(this: pg.Client, ...parameters: unknown[]): unknown {
      const [first, ...rest] = parameters;
      if (typeof first === 'object' && first !== null && 'text' in first && String(first.text).startsWith('LOCK TABLE'))
        Object.assign(first, { text: 'SELECT 1' });
      return Reflect.apply(original, this, [first, ...rest]);
    };
    Object.assign(pg.Client.prototype, { query: withoutLock });
    try {
      expect((await newKeysOfParallelRotations({}, 'wait_for_another()')).made).to.be.greaterThan(1);
    } finally {
      Object.assign(pg.Client.prototype, { query: original });
    }
  });
});
