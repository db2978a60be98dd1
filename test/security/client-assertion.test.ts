import { expect } from 'chai';
import type { JWTPayload } from 'jose';
import { type Answer, askToken, ownerToken } from '../support/ask.ts';
import { assertionType, registerSigningClient, type SigningClient } from '../support/signing-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const EVIL = 'https://evil.example';

describe('a client assertion (RFC 7523)', () => {
  let server: TestServer;
  let client: SigningClient;

  before(async () => {
    server = await startServer();
    client = await registerSigningClient(server, await ownerToken(server), 'posts:read');
  });
  after(() => server.stop());

  const present = (assertion: string, headers: Record<string, string> = {}): Promise<Answer> =>
    askToken(
      server,
      null,
      { grant_type: 'client_credentials', client_assertion: assertion, client_assertion_type: assertionType },
      headers,
    );

  async function expectRefused(assertion: string, why: string, headers: Record<string, string> = {}): Promise<void> {
    const answer = await present(assertion, headers);
    expect(answer.status, `${why}: ${answer.text}`).to.be.oneOf([400, 401]);
    expect(answer.text, why).to.not.include('access_token');
  }

  it('is accepted when it is for the issuer', async () => {
    expect((await present(await client.sign())).status).to.equal(200);
  });

  it('is refused for any other audience, an endpoint of this very server included', async () => {
    const audiences: readonly JWTPayload['aud'][] = [
      EVIL,
      `${EVIL}/oauth/token`,
      `${server.issuer}/oauth/token`,
      `${server.issuer}/`,
      [server.issuer],
      [server.issuer, EVIL],
      [],
      '',
      undefined,
    ];
    for (const aud of audiences) {
      await expectRefused(await client.sign({ aud } as JWTPayload), JSON.stringify(aud));
    }
  });

  it('is refused for another host that the request says it was sent to', async () => {
    for (const aud of [EVIL, `${EVIL}/oauth/token`, 'http://evil.example/oauth/token']) {
      await expectRefused(await client.sign({ aud }), aud, {
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'host=evil.example;proto=https',
      });
    }
  });

  it('is refused when it is late, without an end, without an id, or by another client', async () => {
    const now = Math.floor(Date.now() / 1000);
    const wrong: readonly (readonly [string, object])[] = [
      ['expired', { exp: now - 60 }],
      ['no exp', { exp: undefined }],
      ['exp as text', { exp: String(now + 60) }],
      ['not yet valid', { nbf: now + 600 }],
      ['no jti', { jti: undefined }],
      ['an empty jti', { jti: '' }],
      ['another issuer', { iss: 'client_other' }],
      ['another subject', { sub: 'client_other' }],
      ['no subject', { sub: undefined }],
    ];
    for (const [why, claims] of wrong) await expectRefused(await client.sign(claims as JWTPayload), why);
  });

  it('is refused with its signature changed, taken away or replaced (9.1.1, 9.1.2)', async () => {
    const [header = '', payload = '', signature = ''] = (await client.sign()).split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged: readonly (readonly [string, string])[] = [
      ['no signature', `${header}.${payload}.`],
      ['alg none', `${encode({ alg: 'none' })}.${payload}.`],
      ['alg nOnE', `${encode({ alg: 'nOnE' })}.${payload}.`],
      ['HS256', `${encode({ alg: 'HS256', kid: 'one' })}.${payload}.${signature}`],
      ['a kid that walks', `${encode({ alg: 'ES256', kid: '../../../dev/null' })}.${payload}.${signature}`],
      ['a key of its own', `${encode({ alg: 'ES256', jku: `${EVIL}/jwks` })}.${payload}.${signature}`],
      ['another payload', `${header}.${encode({ sub: client.clientId })}.${signature}`],
      ['one character', `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
      ['two parts', `${header}.${payload}`],
      ['not base64', 'a.b.c'],
    ];
    for (const [why, assertion] of forged) await expectRefused(assertion, why);
  });

  it('is refused the second time', async () => {
    const assertion = await client.sign();
    expect((await present(assertion)).status).to.equal(200);
    await expectRefused(assertion, 'a replay');
  });

  it('does not use up its id when it is refused for something else', async () => {
    const jti = `once-${Date.now()}`;
    await expectRefused(await client.sign({ jti, aud: EVIL }), 'another audience');
    expect((await present(await client.sign({ jti }))).status).to.equal(200);
  });

  it('is not asked of a client that has a secret, nor a secret of this one', async () => {
    const answer = await askToken(
      server,
      { clientId: client.clientId, clientSecret: 'kept-as-hashes' },
      {
        grant_type: 'client_credentials',
      },
    );
    expect(answer.status).to.equal(401);
    const none = await askToken(server, null, { grant_type: 'client_credentials', client_id: client.clientId });
    expect(none.status).to.equal(401);
  });
});
