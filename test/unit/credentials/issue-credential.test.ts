import { expect } from 'chai';
import fc from 'fast-check';
import { readScopesFile } from '../../../src/config/scopes-file.ts';
import type { EffectiveScopeInputs } from '../../../src/core/effective-scopes.ts';
import { effectiveScopes } from '../../../src/core/effective-scopes.ts';
import { InvalidInput } from '../../../src/core/errors.ts';
import type { Credential } from '../../../src/credentials/credential.ts';
import { type CredentialKind, personalAccessTokenKind } from '../../../src/credentials/credential-kind.ts';
import { type NewCredential, PublicIdTaken } from '../../../src/credentials/credential-repository.ts';
import type { Grantor } from '../../../src/credentials/grantor.ts';
import { type IssueCredentialInput, issueCredential } from '../../../src/credentials/issue-credential.ts';

const catalog = readScopesFile('scopes.yaml');
const NOW = new Date('2026-01-31T12:00:00Z');

function store(): { written: NewCredential[]; insert: (credential: NewCredential) => Promise<Credential> } {
  const written: NewCredential[] = [];
  return {
    written,
    insert: async (credential) => {
      written.push(credential);
      return {
        ...credential,
        id: written.length,
        createdAt: NOW,
        state: 'active',
        replaces: null,
        replacedBy: null,
        lastUsedAt: null,
        lastUsedAddress: null,
      };
    },
  };
}

function grantor(limits: Partial<EffectiveScopeInputs> = {}): Grantor {
  return {
    limits: [{ grant: null, role: ['*'], client: null, workspace: ['*'], ownWorkspace: true, ...limits }],
    workspace: { id: 1, tier: 'free' },
    mayRaiseTier: false,
  };
}

const keys: CredentialKind = {
  ...personalAccessTokenKind(null),
  name: 'api_key',
  actsFor: 'workspace',
  hasDefaultScopes: false,
};

describe('issuing a credential', () => {
  const issue = (
    input: Partial<IssueCredentialInput>,
    credentials = store(),
  ): ReturnType<ReturnType<typeof issueCredential>> =>
    issueCredential({ credentials, catalog, clock: () => NOW })({
      kind: personalAccessTokenKind(null),
      grantor: grantor(),
      userId: 1,
      createdBy: 1,
      name: 'x',
      scopes: null,
      ...input,
    });
  const faults = async (input: Partial<IssueCredentialInput>): Promise<string[]> => {
    const credentials = store();
    try {
      await issue(input, credentials);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      expect(credentials.written).to.deep.equal([]);
      return Object.keys(error.errors);
    }
    return [];
  };

  it('gives a token the defaults that its owner could have asked for', async () => {
    expect((await issue({})).credential.scopes).to.deep.equal(catalog.defaults);
    expect((await issue({ grantor: grantor({ role: ['posts:write'] }) })).credential.scopes).to.deep.equal([]);
    expect(await faults({ kind: keys })).to.deep.equal(['scopes']);
  });

  it('ends a token by the calendar where nobody says when', async () => {
    const kind = personalAccessTokenKind({ years: 1, months: 1, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 });
    expect((await issue({ kind })).credential.expiresAt).to.deep.equal(new Date('2027-02-28T12:00:00Z'));
    expect((await issue({ kind, expiresAt: null })).credential.expiresAt).to.equal(null);
    expect((await issue({})).credential.expiresAt).to.equal(null);
  });

  it('refuses an end that has come, the present moment too', async () => {
    expect(await faults({ expiresAt: NOW })).to.deep.equal(['expires_at']);
    expect(await faults({ expiresAt: new Date(NOW.getTime() + 1) })).to.deep.equal([]);
  });

  it('grants nothing for a grantor without any limit: nobody is not everybody', async () => {
    const nobody = { ...grantor(), limits: [] };
    expect(await faults({ grantor: nobody, scopes: ['posts:read'] })).to.deep.equal(['scopes']);
    expect((await issue({ grantor: nobody })).credential.scopes).to.deep.equal([]);
  });

  it('compares tiers by what they allow', async () => {
    const pro = { ...grantor(), workspace: { id: 1, tier: 'pro' } };
    expect(await faults({ grantor: pro, rateLimitTier: 'pro' })).to.deep.equal([]);
    expect(await faults({ grantor: pro, rateLimitTier: 'free' })).to.deep.equal([]);
    expect(await faults({ grantor: pro, rateLimitTier: 'enterprise' })).to.deep.equal(['rate_limit_tier']);
    expect(await faults({ grantor: { ...pro, mayRaiseTier: true }, rateLimitTier: 'enterprise' })).to.deep.equal([]);
    expect(await faults({ grantor: { ...pro, mayRaiseTier: true }, rateLimitTier: '' })).to.deep.equal([
      'rate_limit_tier',
    ]);
  });

  it('draws anew when a public id is taken, and not for ever', async () => {
    const { insert, written } = store();
    let taken = 2;
    const crowded = {
      insert: async (credential: NewCredential) => {
        if (taken > 0) {
          taken -= 1;
          throw new PublicIdTaken('taken');
        }
        return insert(credential);
      },
      written,
    };
    await issue({}, crowded);
    expect(written).to.have.length(1);
    taken = 99;
    let refused: unknown;
    await issue({}, crowded).catch((error: unknown) => {
      refused = error;
    });
    expect(refused).to.be.instanceOf(PublicIdTaken);
    expect(taken).to.equal(96);
  });

  it('never makes a child that may do what its maker may not', async () => {
    const entries = fc.array(
      fc.oneof(
        fc.constantFrom(...catalog.names),
        fc.constantFrom('*', '*:*', '*:read', '*:write', '*:manage', 'posts:*', 'admin:*', 'keys:*', 'nothing:*', 'x'),
      ),
      { maxLength: 4 },
    );
    const limit = fc.option(entries, { nil: null });
    const limits = fc.record({
      grant: limit,
      role: limit,
      client: limit,
      workspace: entries,
      ownWorkspace: fc.boolean(),
    });
    let issued = 0;
    await fc.assert(
      fc.asyncProperty(limits, fc.option(entries, { nil: null }), async (maker, scopes) => {
        const credentials = store();
        try {
          await issue({ grantor: grantor(maker), scopes }, credentials);
        } catch (error) {
          if (error instanceof InvalidInput) return;
          throw error;
        }
        issued += 1;
        const [child] = credentials.written;
        const { ownWorkspace, workspace } = maker;
        const held = { grant: child?.scopes ?? [], role: null, client: null, workspace, ownWorkspace };
        const mine = effectiveScopes(catalog, maker);
        expect(effectiveScopes(catalog, held).filter((scope) => !mine.includes(scope))).to.deep.equal([]);
      }),
      { numRuns: 2000 },
    );
    expect(issued).to.be.above(100);
  });
});
