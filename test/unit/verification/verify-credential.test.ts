import { expect } from 'chai';
import { readScopesFile } from '../../../src/config/scopes-file.ts';
import { DependencyDown } from '../../../src/core/errors.ts';
import type { CredentialRecord } from '../../../src/verification/credential-record.ts';
import { credentialShape } from '../../../src/verification/credential-shape.ts';
import { type VerifyInProcess, verifyCredential } from '../../../src/verification/verify-credential.ts';

const ISSUER = 'https://login.example.com';
const CREDENTIAL = `oct_${'a'.repeat(43)}`;
const catalog = readScopesFile('scopes.yaml');

const workspace = { id: 1, scopes: ['*'], suspended: false, own: true, tier: 'free' };
const record: CredentialRecord = {
  type: 'oauth_client_token',
  id: 1,
  name: 'Machine',
  environment: null,
  expiresAt: null,
  expired: false,
  revoked: false,
  audience: ISSUER,
  grant: ['posts:*'],
  user: null,
  client: { id: 'client_x', scopes: ['posts:read', 'posts:write'] },
  workspace,
  replaced: false,
  proof: { kind: 'none' },
  tier: null,
  bucket: 'client:client_x',
  meter: 'client:client_x',
  used: null,
  nowSeconds: 1_800_000_000,
  version: '1',
};

function verifierOf(found: CredentialRecord | null | Error): VerifyInProcess {
  return verifyCredential({
    catalog,
    findRecord: async () => {
      if (found instanceof Error) throw found;
      return found;
    },
    readAccessToken: async () => null,
    proveSecret: () => true,
    matchSecret: () => true,
    countCall: async ({ cost }) => ({ granted: true, used: cost, nowSeconds: record.nowSeconds }),
    noteUsage: () => {},
    defaultResource: ISSUER,
  });
}

const question = (scopes: readonly string[] | null, any = false): Parameters<VerifyInProcess>[0] => ({
  credential: CREDENTIAL,
  requirement: scopes === null ? null : { scopes, any },
  audience: null,
  cost: 1,
});

describe('the decision about a credential', () => {
  const reasonFor = async (change: Partial<CredentialRecord>, scopes = ['posts:read']): Promise<string> =>
    (await verifierOf({ ...record, ...change })(question(scopes))).reason;

  it('allows what grant, client and workspace each cover, and says which scopes are effective', async () => {
    const verified = await verifierOf(record)(question(['posts:read']));
    expect(verified.allowed).to.equal(true);
    expect(verified.principal?.scopes).to.deep.equal(['posts:read', 'posts:write']);
    expect(verified.principal?.subject).to.deep.equal({ type: 'client', id: 'client_x' });
  });

  it('refuses each way in which a record can be dead, by its own reason', async () => {
    expect(await reasonFor({ revoked: true })).to.equal('revoked');
    expect(await reasonFor({ expired: true })).to.equal('expired');
    expect(await reasonFor({ workspace: { ...workspace, suspended: true } })).to.equal('suspended');
    expect(await reasonFor({ user: { id: 1, disabled: true, role: 'owner' } })).to.equal('owner_inactive');
    expect(await reasonFor({ audience: 'https://other.example' })).to.equal('unknown');
    expect((await verifierOf(null)(question(['posts:read']))).reason).to.equal('unknown');
  });

  it('gives a dead credential no scopes, so that nobody reads any from a refusal', async () => {
    const verified = await verifierOf({ ...record, revoked: true })(question(['posts:read']));
    expect(verified.principal?.scopes).to.deep.equal([]);
    expect(verified.limits).to.equal(null);
  });

  it('gives nothing to a user without a role, or with one that the vocabulary has lost', async () => {
    for (const role of [null, 'nobody', 'constructor', '__proto__']) {
      expect(await reasonFor({ user: { id: 1, disabled: false, role } }), String(role)).to.equal('insufficient_scope');
    }
    expect(await reasonFor({ user: { id: 1, disabled: false, role: 'member' } })).to.equal('ok');
  });

  it('gives nothing to a credential whose workspace is gone', async () => {
    expect(await reasonFor({ workspace: null })).to.equal('insufficient_scope');
  });

  it('never meets an empty requirement, not even with any', async () => {
    for (const any of [true, false]) {
      expect((await verifierOf(record)(question([], any))).allowed).to.equal(false);
    }
  });

  it('identifies without a requirement', async () => {
    expect((await verifierOf(record)(question(null))).allowed).to.equal(true);
  });

  it('needs all of several scopes, or one with any, and names each that is missing with its rule', async () => {
    const all = await verifierOf(record)(question(['posts:read', 'posts:delete', 'analytics:read']));
    if (all.allowed) throw new Error('it was allowed');
    expect(all.missing).to.deep.equal([
      { scope: 'posts:delete', removedBy: 'client' },
      { scope: 'analytics:read', removedBy: 'grant' },
    ]);
    expect((await verifierOf(record)(question(['posts:delete', 'posts:read'], true))).allowed).to.equal(true);
    expect((await verifierOf(record)(question(['posts:delete', 'analytics:read'], true))).allowed).to.equal(false);
  });

  it('tells nothing presented from something malformed, without asking the database', async () => {
    const verify = verifierOf(new Error('the database was asked'));
    expect((await verify({ ...question(['posts:read']), credential: null })).reason).to.equal('missing');
    for (const credential of [
      '',
      'x',
      `${CREDENTIAL}x`,
      CREDENTIAL.slice(1),
      `OCT_${'a'.repeat(43)}`,
      `oct_${'ä'.repeat(43)}`,
    ]) {
      expect((await verify({ ...question(['posts:read']), credential })).reason, credential).to.equal('malformed');
    }
  });

  it('fails when the database does not answer: it neither allows nor refuses', async () => {
    const verify = verifierOf(new DependencyDown('database'));
    const outcome = await verify(question(['posts:read'])).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(DependencyDown);
  });
});

describe('the shape of a credential', () => {
  it('is that of an opaque OAuth token only with its prefix and 43 characters', () => {
    expect(credentialShape(CREDENTIAL)).to.equal('oauth_token');
    expect(credentialShape(`oat_${'-_'.repeat(21)}A`)).to.equal('oauth_token');
    for (const other of [
      `ort_${'a'.repeat(43)}`,
      `oct_${'a'.repeat(44)}`,
      `oct_${'a'.repeat(43)}\n`,
      ` ${CREDENTIAL}`,
    ]) {
      expect(credentialShape(other), other).to.not.equal('oauth_token');
    }
  });
});
