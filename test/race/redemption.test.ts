import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { sha256 } from '../../src/crypto/digest.ts';
import { translateDatabaseError } from '../../src/db/database-error.ts';
import { pgRedeemArtifacts, type RedeemArtifact } from '../../src/oauth/pg-redeem-artifacts.ts';
import type { Redemption } from '../../src/oauth/redemption.ts';
import { until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const TRIES = 20;

describe('the redemption of a code or refresh token in one statement', () => {
  let pools: readonly [pg.Pool, pg.Pool];
  let processes: readonly [RedeemArtifact, RedeemArtifact];
  let userId: number;

  before(async () => {
    const connectionString = await freshDatabase();
    const open = (): pg.Pool => new pg.Pool({ connectionString, max: 10 }).on('error', () => {});
    pools = [open(), open()];
    processes = [
      pgRedeemArtifacts(pools[0], translateDatabaseError),
      pgRedeemArtifacts(pools[1], translateDatabaseError),
    ];
    const { rows } = await pools[0].query(
      "INSERT INTO users (email, name) VALUES ('ada@x.example', 'Ada') RETURNING id",
    );
    userId = Number(rows[0].id);
    await pools[0].query(`
      WITH w AS (INSERT INTO workspaces (name) VALUES ('Northwind') RETURNING id)
      INSERT INTO oauth_clients (client_id, client_name, grant_types, token_endpoint_auth_method, workspace_id)
      SELECT 'client_x', 'X', '{authorization_code}', 'none', id FROM w`);
  });
  after(() => Promise.all(pools.map((pool) => pool.end())));

  async function newGrant(): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    await pools[0].query(
      `INSERT INTO oauth_grants (id, user_id, client_id, payload, expires_at)
       VALUES ($1, $2, 'client_x', '{}', now() + interval '1 day')`,
      [id, userId],
    );
    return id;
  }

  async function newCode(grantId: string): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    await pools[0].query(
      `INSERT INTO oauth_artifacts (id_hash, model, payload, grant_id, expires_at)
       VALUES ($1, 'AuthorizationCode', '{}', $2, now() + interval '1 minute')`,
      [sha256(id), grantId],
    );
    return id;
  }

  /** Both tokens of a code, new each time. */
  function redemptionOf(code: string, grantId: string, clientId = 'client_x'): Redemption {
    const artifacts = (['AccessToken', 'RefreshToken'] as const).map((model) => ({
      model,
      id: randomBytes(32).toString('base64url'),
      payload: { clientId, accountId: String(userId), grantId, scope: 'posts:read' },
      lifetimeSeconds: 60,
      uid: null,
      sessionId: null,
      family: null,
    }));
    return { redeemed: { model: 'AuthorizationCode', id: code }, artifacts, replay: null };
  }

  const tokensOf = async (grantId: string): Promise<number> => {
    const text = "SELECT count(*)::int AS n FROM oauth_artifacts WHERE grant_id = $1 AND model LIKE '%Token'";
    return (await pools[0].query(text, [grantId])).rows[0].n;
  };

  it('succeeds once of many who try at once, in one turn and in two processes, and stores the tokens of that one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const grantId = await newGrant();
      const code = await newCode(grantId);
      const results = await Promise.all(
        Array.from({ length: TRIES }, (_, index) => processes[index % 2 === 0 ? 0 : 1](redemptionOf(code, grantId))),
      );
      expect(results.filter(Boolean)).to.have.length(1);
      expect(await tokensOf(grantId)).to.equal(2);
    }
  });

  it('tells redemptions of one turn apart', async () => {
    const grants = await Promise.all(Array.from({ length: TRIES }, newGrant));
    const codes = await Promise.all(grants.map(newCode));
    const unknown = processes[0](redemptionOf('never issued', grants[0] ?? ''));
    const results = await Promise.all(
      codes.map((code, index) => processes[0](redemptionOf(code, grants[index] ?? ''))),
    );
    expect(results).to.deep.equal(grants.map(() => true));
    expect(await unknown).to.equal(false);
    expect(await Promise.all(grants.map(tokensOf))).to.deep.equal(grants.map(() => 2));
  });

  it('fails alone where its client was deleted meanwhile', async () => {
    const grants = await Promise.all([newGrant(), newGrant()]);
    const codes = await Promise.all(grants.map(newCode));
    const results = await Promise.allSettled(
      codes.map((code, index) =>
        processes[0](redemptionOf(code, grants[index] ?? '', index === 0 ? 'client_gone' : 'client_x')),
      ),
    );
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
    expect(await Promise.all(grants.map(tokensOf))).to.deep.equal([0, 2]);
  });

  for (const [what, end] of [
    ['revoked', 'UPDATE oauth_grants SET revoked_at = now() WHERE id = $1'],
    ['cleared of its tokens', 'DELETE FROM oauth_artifacts WHERE grant_id = $1'],
  ] as const) {
    it(`waits for a grant that is being ${what}, and comes too late then`, async () => {
      const grantId = await newGrant();
      const code = await newCode(grantId);
      const revoker = await pools[1].connect();
      await revoker.query('BEGIN');
      await revoker.query('SELECT 1 FROM oauth_grants WHERE id = $1 FOR UPDATE', [grantId]);
      let settled = false;
      const late = processes[0](redemptionOf(code, grantId)).finally(() => {
        settled = true;
      });
      await until(async () => {
        const { rows } = await pools[1].query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return rows.length > 0;
      });
      await revoker.query(end, [grantId]);
      await sleep(20);
      expect(settled).to.equal(false);
      await revoker.query('COMMIT');
      revoker.release();
      expect(await late).to.equal(false);
      expect(await tokensOf(grantId)).to.equal(0);
    });
  }
});
