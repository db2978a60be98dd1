import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { type Answer, ask, askJson } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const STREAMS = 6;
const ROUNDS = 8;

interface Issued {
  readonly id: number;
  readonly secret: string;
}

describe('a revocation while a credential is in use', function () {
  this.timeout(60_000);
  const servers: TestServer[] = [];
  let token: string;

  before(async () => {
    const SECRET_KEYS = randomBytes(32).toString('base64url');
    const first = await startServer({ SECRET_KEYS });
    servers.push(first, await startServer({ SECRET_KEYS, DATABASE_URL: first.databaseUrl, ISSUER: first.issuer }));
    token = await commandLineToken(first);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  const at = (index: number): TestServer => {
    const server = servers[index % servers.length];
    if (server === undefined) throw new Error('no server');
    return server;
  };
  const make = async (path: string, body: Record<string, unknown>, member: string): Promise<Issued> => {
    const answer = await askJson(at(0), 'POST', path, token, { name: 'x', scopes: ['posts:read'], ...body });
    const issued = answer.json as Record<string, unknown>;
    return { id: Number(issued.id), secret: String(issued[member]) };
  };
  const verify = (index: number, secret: string): Promise<Answer> =>
    ask(at(index), '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${secret}` } });

  /** Verifies without a pause at both servers while `end` runs at the first, and looks at what began after its answer. */
  async function race(issued: Issued, end: () => Promise<number>): Promise<void> {
    let acknowledged = false;
    let before = 0;
    let after = 0;
    const late: number[] = [];
    const streams = Array.from({ length: STREAMS }, async (_, stream) => {
      while (after < STREAMS * 3) {
        const beganAfter = acknowledged;
        const { status } = await verify(stream, issued.secret);
        if (!beganAfter) before += status === 200 ? 1 : 0;
        else {
          after += 1;
          if (status !== 401) late.push(status);
        }
      }
    });
    while (before < STREAMS) await new Promise((resolve) => setImmediate(resolve));
    expect(await end()).to.be.oneOf([200, 204]);
    acknowledged = true;
    await Promise.all(streams);
    expect(late).to.deep.equal([]);
    expect(before).to.be.at.least(STREAMS);
  }

  it('of an API key binds every process with its answer', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = await make('/api/keys', { environment: 'test' }, 'key');
      await race(key, async () => (await askJson(at(0), 'DELETE', `/api/keys/${key.id}`, token)).status);
    }
  });

  it('of a personal access token binds every process with its answer', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const issued = await make('/api/tokens', {}, 'token');
      await race(issued, async () => (await askJson(at(0), 'DELETE', `/api/tokens/${issued.id}`, token)).status);
    }
  });

  it('by a token of itself binds every process with its answer', async () => {
    const issued = await make('/api/tokens', {}, 'token');
    await race(issued, async () => (await askJson(at(0), 'DELETE', '/api/tokens/current', issued.secret)).status);
  });

  it('is done by one of many who ask for it at once', async () => {
    const key = await make('/api/keys', { environment: 'test' }, 'key');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => askJson(at(index), 'DELETE', `/api/keys/${key.id}`, token)),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, ...Array.from({ length: 9 }, () => 404)]);
  });
});
