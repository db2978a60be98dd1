import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { readScopesFile } from '../../../src/config/scopes-file.ts';
import { DependencyDown } from '../../../src/core/errors.ts';
import { hashClientSecret } from '../../../src/crypto/client-secret.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import { createProvider } from '../../../src/oauth/create-provider.ts';
import { type ClientTokenOutcome, issueClientToken } from '../../../src/oauth/issue-client-token.ts';
import { matchLiveSecret } from '../../../src/oauth/match-live-secret.ts';
import type { ClientMetadata } from '../../../src/oauth/pg-client-metadata.ts';
import { readPostedForm } from '../../../src/oauth/posted-form.ts';
import type { NewArtifact } from '../../../src/oauth/protocol-artifact.ts';
import { resourceServerInfo } from '../../../src/oauth/resource-server-info.ts';
import { generateSigningKey, openSigningKey } from '../../../src/oauth/signing-key.ts';
import { reports, scopesFileWithReports } from '../../support/app-under-test.ts';

const issuer = 'http://localhost:8080';
const keys = [randomSecretKey()];
const peppers = deriveKeys(keys, 'pepper');
const sealingKeys = deriveKeys(keys, 'sealing');
const SECRET = 'ocs_right';

const machine: ClientMetadata = {
  client_id: 'client_machine',
  client_name: 'Machine',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  token_endpoint_auth_method: 'client_secret_basic',
  client_secret: 'kept-as-hashes',
  scope_ceiling: ['posts:*', 'analytics:read'],
  workspace_id: 1,
  workspace_scopes: ['*'],
  own_workspace: true,
  workspace_suspended: false,
  first_party: false,
  resource_server: false,
  secret_hashes: [hashClientSecret(SECRET, peppers)],
  secret_ids: ['7'],
};

describe('issuing a token to a client in front of the library', () => {
  let issue: ReturnType<typeof issueClientToken>;
  let client: ClientMetadata | null;
  let lookupFails: boolean;
  let savingFails: boolean;
  let saved: NewArtifact[];
  let usedSecrets: string[];

  before(async () => {
    const catalog = readScopesFile(await scopesFileWithReports());
    const signingKey = openSigningKey(sealingKeys, await generateSigningKey(sealingKeys));
    const refuse = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));
    const artifacts = {
      save: async (artifact: NewArtifact) => {
        if (savingFails) throw new DependencyDown('gone');
        saved.push(artifact);
        return true;
      },
      find: refuse,
      findByUid: refuse,
      consume: refuse,
      delete: refuse,
      endFamily: refuse,
      remember: refuse,
      redeem: refuse,
      findReplay: refuse,
    };
    const grants = {
      save: refuse,
      find: refuse,
      bindToWorkspace: refuse,
      findLatest: refuse,
      revoke: refuse,
      revokeById: refuse,
      listApps: refuse,
    };
    const findClient = async (clientId: string): Promise<ClientMetadata | null> => {
      if (lookupFails) throw new DependencyDown('gone');
      return client?.client_id === clientId ? client : null;
    };
    const provider = createProvider(
      {
        issuer,
        catalog,
        storage: { artifacts, grants, findClient, endedFamilyName: (family) => family },
        signingKeys: [signingKey],
        cookieKeys: ['a cookie key'],
        findAccount: () => undefined,
        loadExistingGrant: async () => undefined,
        pages: { error: () => {}, logout: () => {}, signedOut: () => {} },
      },
      matchLiveSecret(peppers, (id) => usedSecrets.push(id)),
    );
    issue = issueClientToken({ current: () => provider, issuer, offer: resourceServerInfo(issuer, catalog) });
  });

  beforeEach(() => {
    client = machine;
    lookupFails = false;
    savingFails = false;
    saved = [];
    usedSecrets = [];
  });

  const basic = (id = machine.client_id, secret = SECRET): string => `Basic ${btoa(`${id}:${secret}`)}`;

  function ask(form: string, headers: Record<string, string> = { authorization: basic() }) {
    const read = readPostedForm(Buffer.from(form));
    if (read === null) throw new Error('no form');
    return issue({ headers }, read);
  }

  function bodyOf(outcome: ClientTokenOutcome): Record<string, unknown> {
    if (outcome.kind !== 'answer') throw new Error(`not answered: ${outcome.kind}`);
    return { ...outcome.body };
  }

  it('gives an opaque token, saved once, and notes the use of the secret once', async () => {
    const body = bodyOf(await ask('grant_type=client_credentials&scope=posts:write'));
    expect(Object.keys(body)).to.deep.equal(['access_token', 'expires_in', 'scope', 'token_type']);
    expect(body).to.include({ expires_in: 3600, scope: 'posts:write', token_type: 'Bearer' });
    expect(body.access_token).to.match(/^oct_[A-Za-z0-9_-]{43}$/);
    expect(saved.map(({ id, model, lifetimeSeconds }) => ({ id, model, lifetimeSeconds }))).to.deep.equal([
      { id: body.access_token, model: 'ClientCredentials', lifetimeSeconds: 3600 },
    ]);
    expect(usedSecrets).to.deep.equal(['7']);
  });

  it('gives a JWT where the resource has them, and saves nothing', async () => {
    const body = bodyOf(await ask(`grant_type=client_credentials&scope=analytics:read&resource=${reports}`));
    const token = String(body.access_token);
    expect(decodeProtectedHeader(token)).to.include({ alg: 'ES256', typ: 'at+jwt' });
    expect(decodeJwt(token)).to.include({ sub: machine.client_id, aud: reports, iss: issuer, scope: 'analytics:read' });
    expect(body.expires_in).to.equal(300);
    expect(saved).to.deep.equal([]);
  });

  const ANSWERED: Readonly<Record<string, readonly [string, Record<string, string>?]>> = {
    'without a scope': ['grant_type=client_credentials'],
    'with an empty scope': ['grant_type=client_credentials&scope='],
    'with the issuer as resource': [`grant_type=client_credentials&resource=${issuer}`],
    'with the secret in the body': [
      `grant_type=client_credentials&client_id=${machine.client_id}&client_secret=${SECRET}`,
      {},
    ],
    'with the id in the body too': [`grant_type=client_credentials&client_id=${machine.client_id}`],
    'with a scope of OpenID Connect beside another': ['grant_type=client_credentials&scope=openid+posts:read'],
    'with a parameter that nobody knows': ['grant_type=client_credentials&colour=blue'],
  };
  for (const [what, [form, headers]] of Object.entries(ANSWERED)) {
    it(`answers ${what}`, async () => {
      expect(bodyOf(await ask(form, headers)).scope).to.equal('posts:read');
    });
  }

  const secret = `client_secret=${SECRET}`;
  const LEFT: Readonly<Record<string, readonly [string, Record<string, string>?]>> = {
    'another grant': ['grant_type=refresh_token'],
    'no grant': ['scope=posts:read'],
    'a wrong secret': ['grant_type=client_credentials', { authorization: basic(machine.client_id, 'ocs_wrong') }],
    'an unknown client': ['grant_type=client_credentials', { authorization: basic('client_nobody') }],
    'no secret': [`grant_type=client_credentials&client_id=${machine.client_id}`, {}],
    'two secrets': [`grant_type=client_credentials&${secret}`],
    'another client in the body': ['grant_type=client_credentials&client_id=client_other'],
    'an assertion': ['grant_type=client_credentials&client_assertion=x'],
    'a Basic header with two spaces': ['grant_type=client_credentials', { authorization: basic().replace(' ', '  ') }],
    'a Basic header that is no Base64': ['grant_type=client_credentials', { authorization: `${basic()}=` }],
    'a bearer token': ['grant_type=client_credentials', { authorization: 'Bearer x' }],
    'a page that asks': ['grant_type=client_credentials', { authorization: basic(), origin: 'https://a.example' }],
    'a DPoP proof': ['grant_type=client_credentials', { authorization: basic(), dpop: 'x' }],
    'an attestation': ['grant_type=client_credentials', { authorization: basic(), 'oauth-client-attestation': 'x' }],
    'a scope beyond the ceiling': ['grant_type=client_credentials&scope=categories:read'],
    'a scope that is not well formed': ['grant_type=client_credentials&scope=posts:read++posts:write'],
    'scopes of OpenID Connect alone': ['grant_type=client_credentials&scope=openid'],
    'a foreign resource': ['grant_type=client_credentials&resource=https://nobody.example'],
  };
  for (const [what, [form, headers]] of Object.entries(LEFT)) {
    it(`leaves ${what} to the library, and notes no use of the secret`, async () => {
      expect(await ask(form, headers)).to.deep.equal({ kind: 'library' });
      expect(usedSecrets).to.deep.equal([]);
      expect(saved).to.deep.equal([]);
    });
  }

  it('leaves clients to the library that may not have a token this way', async () => {
    for (const change of [
      { workspace_suspended: true },
      { grant_types: ['refresh_token', 'authorization_code'], redirect_uris: ['https://a.example/cb'] },
      { token_endpoint_auth_method: 'none', client_secret: undefined },
      { scope_ceiling: ['categories:read'] },
      { secret_hashes: [], secret_ids: [] },
    ]) {
      client = { ...machine, ...change };
      expect(await ask('grant_type=client_credentials'), JSON.stringify(change)).to.deep.equal({ kind: 'library' });
      expect(usedSecrets).to.deep.equal([]);
    }
  });

  it('says which step failed, so that nobody waits for it twice', async () => {
    savingFails = true;
    const saving = await ask('grant_type=client_credentials');
    expect(saving).to.have.nested.property('step.model', 'ClientCredentials');
    expect(saving).to.have.nested.property('step.error.error', 'temporarily_unavailable');
    lookupFails = true;
    const lookup = await ask('grant_type=client_credentials');
    expect(lookup).to.have.nested.property('step.model', 'Client');
    expect(lookup).to.have.nested.property('step.error.error', 'temporarily_unavailable');
  });
});
