import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Knex } from 'knex';
import type { Credential } from '../../src/credentials/credential.ts';
import type { CredentialRepository } from '../../src/credentials/credential-repository.ts';
import { knexCredentialRepository } from '../../src/credentials/knex-credential-repository.ts';
import { rotationGuard } from '../../src/credentials/knex-rotate-credential.ts';
import { generateApiKey } from '../../src/credentials/token-format.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { type Answer, askJson } from '../support/ask.ts';
import { patientTimeouts } from '../support/patient-timeouts.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const AT_ONCE = 20;

describe('twenty rotations of one key at once', function () {
  this.timeout(60_000);
  const servers: TestServer[] = [];
  let database: Database;
  let token: string;

  before(async () => {
    const SECRET_KEYS = randomBytes(32).toString('base64url');
    const first = await startServer({ SECRET_KEYS });
    servers.push(first, await startServer({ SECRET_KEYS, DATABASE_URL: first.databaseUrl, ISSUER: first.issuer }));
    token = await commandLineToken(first);
    database = openDatabase({ databaseUrl: first.databaseUrl, poolSize: AT_ONCE, timeouts: patientTimeouts });
  });
  after(async () => {
    await database.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const create = async (): Promise<number> => {
    const [server] = servers;
    if (server === undefined) throw new Error('no server');
    const answer = await askJson(server, 'POST', '/api/keys', token, { name: 'k', scopes: ['posts:read'] });
    return (answer.json as { id: number }).id;
  };
  /** Asks again where a busy machine lets a server say that it can not now: that is no answer to who was first. */
  async function rotate(server: TestServer, id: number): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await askJson(server, 'POST', `/api/keys/${id}/rotate`, token, {});
      if (answer.status !== 503 || tries === 10) return answer;
    }
  }
  const successors = async (id: number): Promise<number> =>
    Number((await database.knex('credentials').where({ replaces: id }).count({ count: '*' }))[0]?.count);

  it('over two processes give one new key, and tell the others that there is one', async () => {
    const id = await create();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index): Promise<Answer> => {
        const server = servers[index % servers.length];
        if (server === undefined) throw new Error('no server');
        return rotate(server, id);
      }),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, ...Array.from({ length: AT_ONCE - 1 }, () => 409)]);
    expect(await successors(id)).to.equal(1);
  });

  const rotateAll = async (credentials: CredentialRepository, id: number): Promise<readonly (Credential | null)[]> => {
    await Promise.all(Array.from({ length: AT_ONCE }, () => database.knex.raw('SELECT pg_sleep(0.05)')));
    return Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const { publicId } = generateApiKey('live');
        const secret = { hint: 'x', publicId, tokenHash: null, keyHash: 'x', matchProof: null, pepperId: null };
        const rotation = { scopes: ['posts:read'], graceSeconds: 60, expiresAt: undefined, createdBy: null, secret };
        return (await credentials.rotate(id, rotation))?.credential ?? null;
      }),
    );
  };

  it('in the database give one new key', async () => {
    const id = await create();
    const made = await rotateAll(
      knexCredentialRepository(() => database.knex),
      id,
    );
    expect(made.filter((key) => key !== null)).to.have.length(1);
    expect(await successors(id)).to.equal(1);
  });

  it('give several with the guard removed from the statement', async () => {
    const id = await create();
    let removed = 0;
    const unguarded = new Proxy(database.knex, {
      get: (knex, name, receiver) =>
        name !== 'raw'
          ? Reflect.get(knex, name, receiver)
          : (statement: string, bindings: Knex.ValueDict) => {
              const text = statement.replaceAll(rotationGuard, '');
              if (text !== statement) removed += 1;
              return knex.raw(text, bindings);
            },
    });
    const made = await rotateAll(
      knexCredentialRepository(() => unguarded),
      id,
    );
    expect(removed).to.equal(AT_ONCE);
    expect(made.filter((key) => key !== null).length).to.be.above(1);
    expect(await successors(id)).to.be.above(1);
  });

  it('leave a key alone whose scopes have changed since somebody looked', async () => {
    const id = await create();
    await database
      .knex('credentials')
      .where({ id })
      .update({ scopes: ['*'] });
    const made = await rotateAll(
      knexCredentialRepository(() => database.knex),
      id,
    );
    expect(made.filter((key) => key !== null)).to.deep.equal([]);
  });
});
