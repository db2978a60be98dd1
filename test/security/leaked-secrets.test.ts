import { expect } from 'chai';
import { deriveKeys } from '../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { generateSigningKey } from '../../src/oauth/signing-key.ts';
import { openSigningKeyRing } from '../../src/oauth/signing-key-ring.ts';
import { reports, scopesFileWithReports, verdict } from '../support/app-under-test.ts';
import { ask, askJson, askToken, registerMachine } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

describe('what has leaked', () => {
  let server: TestServer;
  let almighty: string;

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    almighty = await commandLineToken(server);
  });
  after(() => server.stop());

  it('and was signed by a signing key that is withdrawn is refused, also where it was accepted before', async () => {
    const machine = await registerMachine(server, almighty, 'analytics:read');
    const granted = await askToken(server, machine, {
      grant_type: 'client_credentials',
      resource: reports,
      scope: 'analytics:read',
    });
    const { access_token: token = '' } = granted.json as { access_token?: string };
    expect(await verdict(server, token, 'analytics:read', reports)).to.equal(200);
    const rotated = await askJson(server, 'POST', '/api/signing-keys/rotate', almighty, { withdraw: true });
    expect(rotated.status, rotated.text).to.equal(200);
    expect(await verdict(server, token, 'analytics:read', reports)).to.equal(401);
  });

  it('is ended by whoever holds it while its workspace is suspended, and does not come back with it', async () => {
    const make = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
      const answer = await askJson(server, 'POST', path, almighty, body);
      expect(answer.status, answer.text).to.be.oneOf([200, 201]);
      return answer.json as Record<string, unknown>;
    };
    const { id } = await make('/api/workspaces', { name: 'Tenant' });
    const { key } = await make('/api/keys', { name: 'Leaked', scopes: ['posts:read'], workspace_id: id });
    await make(`/api/workspaces/${id}/suspend`);
    const revoked = await ask(server, '/oauth/revoke', {
      method: 'POST',
      body: new URLSearchParams({ token: String(key) }),
    });
    expect(revoked.status).to.equal(200);
    await make(`/api/workspaces/${id}/resume`);
    expect(await verdict(server, String(key), 'posts:read')).to.equal(401);
  });

  it('is asked for by made-up names of signing keys, which cost one reading for all of a second', async () => {
    const sealingKeys = deriveKeys([randomSecretKey()], 'sealing');
    const moment = new Date(0);
    const key = await generateSigningKey(sealingKeys);
    let readings = 0;
    const ring = await openSigningKeyRing({
      repository: {
        listPublished: async () => {
          readings += 1;
          return [
            { ...key, createdAt: moment, activeFrom: moment, retiresAt: null, status: 'active', changesInMs: null },
          ];
        },
      },
      sealingKeys,
      build: () => null,
      reportFailure: () => {},
      pollMs: 60_000,
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const before = readings;
      const found = await Promise.all(Array.from({ length: 200 }, (_, index) => ring.publicKey(`nobody-${index}`)));
      expect(found.every((one) => one === null)).to.equal(true);
      expect(readings - before).to.equal(1);
    } finally {
      await ring.close();
    }
  });
});
