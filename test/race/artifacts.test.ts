import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { sha256 } from '../../src/crypto/digest.ts';
import { translateDatabaseError } from '../../src/db/database-error.ts';
import { requestTransactions } from '../../src/db/request-transaction.ts';
import type { GrantRepository } from '../../src/oauth/grant.ts';
import { pgArtifactRepository } from '../../src/oauth/pg-artifact-repository.ts';
import { pgFindArtifacts } from '../../src/oauth/pg-find-artifacts.ts';
import { pgRedeemArtifacts } from '../../src/oauth/pg-redeem-artifacts.ts';
import { pgSaveClientTokens } from '../../src/oauth/pg-save-client-tokens.ts';
import type { ArtifactRepository } from '../../src/oauth/protocol-artifact.ts';
import { providerAdapter } from '../../src/oauth/provider-adapter.ts';
import { meeting } from '../support/meeting.ts';
import { freshDatabase } from '../support/test-database.ts';

const TRIES = 20;
const ROUNDS = 10;

describe('an artifact that may be used once', () => {
  let pools: readonly pg.Pool[];
  let processes: readonly ArtifactRepository[];

  before(async () => {
    const databaseUrl = await freshDatabase();
    pools = [0, 1].map(() => new pg.Pool({ connectionString: databaseUrl, max: TRIES }));
    processes = pools.map((pool) =>
      pgArtifactRepository(
        requestTransactions(pool, pool),
        { seal: (text) => text, open: (sealed) => sealed },
        {
          saveClientToken: pgSaveClientTokens(pool),
          redeem: pgRedeemArtifacts(pool, translateDatabaseError),
          find: pgFindArtifacts(requestTransactions(pool, pool), pool, translateDatabaseError),
        },
        translateDatabaseError,
      ),
    );
  });
  after(() => Promise.all(pools.map((pool) => pool.end())));

  /** Tries many times at once, the processes taking turns; gives how many of the tries came through. */
  async function winners(attempt: (artifacts: ArtifactRepository, pool: pg.Pool) => Promise<unknown>): Promise<number> {
    const tries = Array.from({ length: TRIES }, (_, index) => {
      const [artifacts, pool] = [processes[index % 2], pools[index % 2]];
      if (artifacts === undefined || pool === undefined) throw new Error('two processes were expected');
      return attempt(artifacts, pool);
    });
    const results = await Promise.allSettled(tries);
    return results.filter((result) => result.status === 'fulfilled' && result.value !== false).length;
  }

  async function savedCode(): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    const saved = await processes[0]?.save({
      model: 'AuthorizationCode',
      id,
      payload: { kind: 'AuthorizationCode' },
      lifetimeSeconds: 60,
      uid: null,
      sessionId: null,
      family: null,
    });
    expect(saved).to.equal(true);
    return id;
  }

  it('is consumed by one of many who try at once, in two processes', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await savedCode();
      expect(await winners((artifacts) => artifacts.consume('AuthorizationCode', id))).to.equal(1);
      expect(await winners((artifacts) => artifacts.consume('AuthorizationCode', id))).to.equal(0);
    }
  });

  it('is a session under several identifiers where one browser asks several times at once; each is found by its uid', async () => {
    const uid = randomBytes(16).toString('base64url');
    const save = (artifacts: ArtifactRepository): Promise<boolean> =>
      artifacts.save({
        model: 'Session',
        id: randomBytes(32).toString('base64url'),
        payload: { kind: 'Session', uid },
        lifetimeSeconds: 60,
        uid,
        sessionId: null,
        family: null,
      });
    expect(await winners(save)).to.equal(TRIES);
    expect((await processes[1]?.findByUid('Session', uid))?.payload).to.include({ uid });
  });

  it('is consumed by one through the adapter that the protocol library calls; the others get invalid_grant', async () => {
    const adapters = processes.map((artifacts) => {
      const grants: GrantRepository = new Proxy(Object.create(null), {});
      return providerAdapter({ artifacts, grants, findClient: async () => null, endedFamilyName: String })(
        'AuthorizationCode',
      );
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await savedCode();
      const results = await Promise.allSettled(
        Array.from({ length: TRIES }, (_, index) => adapters[index % 2]?.consume(id)),
      );
      const losers = results.filter((result) => result.status === 'rejected');
      expect(losers).to.have.length(TRIES - 1);
      for (const { reason } of losers) expect(reason).to.include({ error: 'invalid_grant', statusCode: 400 });
    }
  });

  it('is consumed by many where it is looked at first and marked then (the guard removed)', async () => {
    const id = await savedCode();
    const bothHaveLooked = meeting(2);
    const lookThenMark = async (_: ArtifactRepository, pool: pg.Pool): Promise<boolean> => {
      const { rows } = await pool.query('SELECT consumed_at FROM oauth_artifacts WHERE id_hash = $1', [sha256(id)]);
      if (rows[0].consumed_at !== null) return false;
      await bothHaveLooked();
      await pool.query('UPDATE oauth_artifacts SET consumed_at = now() WHERE id_hash = $1', [sha256(id)]);
      return true;
    };
    expect(await winners(lookThenMark)).to.be.above(1);
  });

  it('is remembered as seen by one of many who try at once, in two processes', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = randomBytes(32).toString('base64url');
      expect(await winners((artifacts) => artifacts.remember(id, 60))).to.equal(1);
      expect(await winners((artifacts) => artifacts.remember(id, 60))).to.equal(0);
    }
  });

  it('is remembered by many where it is looked for first (the guard removed)', async () => {
    await pools[0]?.query('CREATE TABLE unguarded (id text)');
    const bothHaveLooked = meeting(2);
    const lookThenInsert = async (_: ArtifactRepository, pool: pg.Pool): Promise<boolean> => {
      const { rowCount } = await pool.query("SELECT 1 FROM unguarded WHERE id = 'x'");
      if (rowCount !== 0) return false;
      await bothHaveLooked();
      await pool.query("INSERT INTO unguarded VALUES ('x')");
      return true;
    };
    expect(await winners(lookThenInsert)).to.be.above(1);
  });
});
