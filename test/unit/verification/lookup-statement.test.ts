import { expect } from 'chai';
import pg from 'pg';
import { openDatabase } from '../../../src/db/open-database.ts';
import type { CredentialRecord, KnownQuestion, LookupKey } from '../../../src/verification/credential-record.ts';
import { knownStatement } from '../../../src/verification/known-statement.ts';
import { accessTokenParameters } from '../../../src/verification/lookup-kinds.ts';
import { at, lookupStatement } from '../../../src/verification/lookup-statement.ts';
import { testDatabase } from '../../support/test-database.ts';

const hash = '00'.repeat(32);
const claims = {
  jti: 'j',
  clientId: 'c',
  userId: null,
  grantId: null,
  audience: 'https://api.example.com',
  expiresAtSeconds: 4_102_444_800,
  scopes: ['posts:read'],
} as unknown as Extract<LookupKey, { kind: 'access_token' }>['claims'];
const KEYS: readonly LookupKey[] = [
  { kind: 'oauth_token', hash },
  {
    kind: 'access_token',
    claims,
    revokedHashes: [hash, hash],
    parameters: accessTokenParameters(claims, [hash, hash]),
  },
  { kind: 'personal_access_token', id: 1 },
  { kind: 'api_key', publicId: '00000000' },
  { kind: 'session', hash },
];

const asKnown = (key: LookupKey): KnownQuestion => ({ key, known: { version: '1' } as CredentialRecord, call: null });

describe('the statement that looks credentials up', () => {
  let database: pg.Client;
  before(async () => {
    database = new pg.Client({ connectionString: await testDatabase() });
    await database.connect();
  });
  after(() => database.end());

  it('is good SQL for whichever kinds meet in one turn', async () => {
    for (let mixture = 1; mixture < 2 ** KEYS.length; mixture += 1) {
      const keys = KEYS.filter((_, index) => (mixture & (1 << index)) !== 0);
      const { fields } = await database.query(lookupStatement(keys.map((key) => ({ key }))));
      const names = fields.map(({ name }) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
      expect(names, 'columns stand where they are read').to.deep.equal(Object.keys(at));
      const types = Object.fromEntries(fields.map(({ name, dataTypeID }) => [name, dataTypeID]));
      expect(types, keys.map(({ kind }) => kind).join()).to.include({ match_proof: 25, user_id: 20, client_id: 25 });
      const known = await database.query(knownStatement(keys.map(asKnown)));
      expect(known.rows, 'nothing is known, and nothing counted').to.have.length(1);
    }
  });

  it('takes the claims of a JWT as they are, whatever is in them', async () => {
    const strange = { ...claims, clientId: 'a"b\\c,{d}', jti: 'NULL', scopes: ['x', "y'"] };
    const parameters = accessTokenParameters(strange, [hash, hash]);
    const key: LookupKey = { kind: 'access_token', claims: strange, revokedHashes: [hash, hash], parameters };
    const { rows } = await database.query(lookupStatement([{ key }]));
    expect(rows[0]?.[at.clientId]).to.equal(strange.clientId);
    expect(rows[0]?.[at.id]).to.equal('NULL');
    expect(rows[0]?.[at.scopes]).to.equal(`x\x1fy'`);
    expect(rows[0]?.[at.userId]).to.equal(null);
  });

  it('finds each bucket by its key, although it was planned while there were none: no table grows faster', async () => {
    await database.query('VACUUM ANALYZE');
    const hot = openDatabase({ databaseUrl: await testDatabase() });
    try {
      for (const keys of [...KEYS.map((key) => [key]), KEYS]) {
        for (const { name, text } of [
          lookupStatement(keys.map((key) => ({ key }))),
          knownStatement(keys.map(asKnown)),
        ]) {
          const { rows } = await hot.pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
            `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
          );
          const scans = scansOf(rows[0]?.['QUERY PLAN'][0].Plan);
          const buckets = scans.filter((scan) => scan['Relation Name'] === 'rate_limit_windows');
          expect(buckets, name).to.have.length(1);
          for (const scan of buckets) expect(scan, name).to.have.property('Index Cond');
        }
      }
    } finally {
      await hot.close();
    }
  });
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}

/** Every reading of a table in a plan. */
function scansOf(plan: Plan | undefined): readonly Plan[] {
  if (plan === undefined) return [];
  const own = plan['Relation Name'] !== undefined && plan['Node Type'].includes('Scan') ? [plan] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}
