import { expect } from 'chai';
import { readScopesFile } from '../../src/config/scopes-file.ts';
import { DependencyDown } from '../../src/core/errors.ts';
import type { CredentialRecord } from '../../src/verification/credential-record.ts';
import { type VerifyCredentialDeps, verifyCredential } from '../../src/verification/verify-credential.ts';

const ISSUER = 'https://login.example.com';
const CREDENTIAL = `oct_${'a'.repeat(43)}`;
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
/** Longer than anything here takes; a question that is not answered by then has no answer, and so allows nothing. */
const PATIENCE_MS = 150;

const record: CredentialRecord = {
  type: 'oauth_client_token',
  id: 1,
  name: 'Machine',
  environment: null,
  expiresAt: null,
  expired: false,
  revoked: false,
  replaced: false,
  proof: { kind: 'digest', digest: '00'.repeat(32) },
  audience: ISSUER,
  grant: ['posts:*'],
  user: null,
  client: { id: 'client_x', scopes: ['posts:*'] },
  workspace: { id: 1, scopes: ['*'], suspended: false, own: true, tier: 'free' },
  tier: null,
  bucket: 'client:client_x',
  meter: 'client:client_x',
  used: null,
  nowSeconds: 1_800_000_000,
  version: '1',
};

const whole: VerifyCredentialDeps = {
  catalog: readScopesFile('scopes.yaml'),
  readAccessToken: async () => null,
  findRecord: async () => record,
  proveSecret: () => true,
  matchSecret: () => true,
  countCall: async ({ cost }) => ({ granted: true, used: cost, nowSeconds: record.nowSeconds }),
  noteUsage: () => {},
  defaultResource: ISSUER,
};

/** What a dependency may do wrong. Each stands in for the function; none of these may ever lead to an allow. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('broken');
  },
  'is down': () => Promise.reject(new DependencyDown('database')),
  hangs: () => new Promise(() => {}),
  'gives nothing': () => Promise.resolve(undefined),
  'gives null': () => Promise.resolve(null),
  'gives an empty object': () => Promise.resolve({}),
  'gives a number': () => Promise.resolve(0),
  'gives an error as a value': () => Promise.resolve(new Error('broken')),
  'gives an empty list': () => Promise.resolve([]),
};

describe('a verification whose dependency fails (R-22)', () => {
  const questionOf = (credential: string) => ({
    credential,
    requirement: { scopes: ['posts:read'], any: false },
    audience: null,
    cost: 1,
  });

  async function allows(deps: VerifyCredentialDeps, credential: string): Promise<boolean> {
    return isAllowed(verifyCredential(deps)(questionOf(credential)));
  }

  /** Whether a credential is allowed that was allowed before, when a fault has come up since. */
  async function stillAllows(faults: Partial<VerifyCredentialDeps>): Promise<boolean> {
    const deps = { ...whole };
    const verify = verifyCredential(deps);
    if (!(await verify(questionOf(CREDENTIAL))).allowed) throw new Error('it was not allowed before');
    Object.assign(deps, faults);
    return isAllowed(verify(questionOf(CREDENTIAL)));
  }

  async function isAllowed(asking: ReturnType<ReturnType<typeof verifyCredential>>): Promise<boolean> {
    const asked = asking.then(
      ({ allowed }) => allowed,
      () => false,
    );
    let timer: NodeJS.Timeout | undefined;
    const unanswered = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), PATIENCE_MS);
    });
    const answer = await Promise.race([asked, unanswered]);
    clearTimeout(timer);
    return answer;
  }

  it('allows while everything works', async () => {
    expect(await allows(whole, CREDENTIAL)).to.equal(true);
  });

  for (const [fault, fail] of Object.entries(FAULTS)) {
    for (const dependency of ['findRecord', 'proveSecret', 'countCall'] as const) {
      it(`never allows when ${dependency} ${fault}`, async () => {
        expect(await allows({ ...whole, [dependency]: fail }, CREDENTIAL)).to.equal(false);
      });
    }

    for (const dependency of ['findRecord', 'matchSecret'] as const) {
      it(`never allows what was allowed before when ${dependency} ${fault}`, async () => {
        // Without a clear match nothing is counted with the lookup, and the record itself is decided about.
        const faults = { [dependency]: fail, proveSecret: () => false, findRecord: async () => record };
        expect(await stillAllows(dependency === 'findRecord' ? { findRecord: fail as never } : faults)).to.equal(false);
      });
    }

    it(`never allows a JWT when readAccessToken ${fault}`, async () => {
      expect(await allows({ ...whole, readAccessToken: fail as never, findRecord: async () => null }, JWT)).to.equal(
        false,
      );
    });
  }

  it('counts with the lookup only what was allowed before and asks for the same', async () => {
    const counted = { granted: true, used: 1, nowSeconds: record.nowSeconds };
    const asked: unknown[] = [];
    const findRecord: VerifyCredentialDeps['findRecord'] = async ({ call }) => {
      asked.push(call);
      return call === null ? record : counted;
    };
    const verify = verifyCredential({ ...whole, findRecord });
    const verdicts = [];
    for (const scope of ['posts:read', 'posts:read', 'analytics:read']) {
      verdicts.push(await verify({ ...questionOf(CREDENTIAL), requirement: { scopes: [scope], any: false } }));
    }
    verdicts.push(await verify({ ...questionOf(CREDENTIAL), audience: 'https://other.example' }));
    verdicts.push(await verify({ ...questionOf(CREDENTIAL), cost: 0 }));
    expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, true, false, false, true]);
    expect(asked.map((call) => call !== null)).to.deep.equal([false, true, false, false, false]);
  });

  it('never allows a call that was counted without being asked for', async () => {
    const findRecord: VerifyCredentialDeps['findRecord'] = async () => ({ granted: true, used: 1, nowSeconds: 1 });
    expect(await allows({ ...whole, findRecord }, CREDENTIAL)).to.equal(false);
  });

  it('never allows a record with any member missing or of another kind', async () => {
    for (const member of Object.keys(record)) {
      for (const value of [undefined, null]) {
        const broken = { ...record, [member]: value } as unknown as CredentialRecord;
        const verdict = await allows({ ...whole, findRecord: async () => broken }, CREDENTIAL);
        // Without these a credential of this kind is still whole, or they only describe it.
        const mayBeMissing = [
          ...['name', 'environment', 'expiresAt', 'user', 'tier', 'used', 'audience', 'replaced'],
          ...['id', 'type', 'meter', 'bucket', 'nowSeconds', 'proof', 'version'],
        ];
        if (!mayBeMissing.includes(member)) expect(verdict, `${member}: ${value}`).to.equal(false);
      }
    }
  });
});
