import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { generateApiKey } from '../../src/credentials/token-format.ts';
import { emptyFolder } from '../cli/run-latchkey.ts';
import { type Answer, ask, askJson, ownerToken } from '../support/ask.ts';
import { type DatabaseProxy, proxyDatabase } from '../support/database-proxy.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';
import { hourWithRoom, minuteWithRoom } from '../support/window-with-room.ts';

const HOUR = 3600;
const LIMIT_HEADERS = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
];

interface Key {
  readonly id: number;
  readonly key: string;
}

describe('rate limits', () => {
  let first: TestServer;
  let second: TestServer;
  let owner: string;

  before(async () => {
    const scopesFile = await smallTiers();
    first = await startServer({ SCOPES_FILE: scopesFile });
    const { databaseUrl, dataDir, issuer } = first;
    second = await startServer({
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      ISSUER: issuer,
      SCOPES_FILE: scopesFile,
    });
    owner = await ownerToken(first);
  });
  beforeEach(() => hourWithRoom());
  after(async () => {
    await second.stop();
    await first.stop();
  });

  /** The vocabulary with tiers that a test can use up: 20 an hour, 100 an hour, 3 a minute, unlimited. */
  async function smallTiers(): Promise<string> {
    const file = fileURLToPath(new URL('../../scopes.yaml', import.meta.url));
    const text = (await readFile(file, 'utf8'))
      .replace(/^tiers:\n(?: .*\n)+/m, TIERS)
      .replace(/^test_multiplier.*$/m, '');
    const path = join(await emptyFolder(), 'scopes.yaml');
    await writeFile(path, `${text}\ntest_multiplier: 2.5\n`);
    return path;
  }

  const query = (text: string, values: unknown[] = []) => first.composed.installation.database.pool.query(text, values);

  async function newKey(more: Record<string, unknown> = {}): Promise<Key> {
    const answer = await askJson(first, 'POST', '/api/keys', owner, {
      name: `Key ${randomBytes(4).toString('hex')}`,
      scopes: ['posts:read', 'keys:manage'],
      ...more,
    });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Key;
  }

  const bearer = (key: string): RequestInit => ({ headers: { Authorization: `Bearer ${key}` } });
  const verify = (key: string, more = '', server = first): Promise<Answer> =>
    ask(server, `/verify?scope=posts:read${more}`, bearer(key));
  /** A verification over `/api/verify`, which has a cost. */
  async function costing(credential: string, cost: number, scopes = ['posts:read']): Promise<Record<string, unknown>> {
    const answer = await askJson(first, 'POST', '/api/verify', owner, { credential, scopes, cost });
    expect(answer.status, answer.text).to.equal(200);
    return answer.json as Record<string, unknown>;
  }
  const remainingOf = (answer: Answer): number => Number(answer.headers.get('X-RateLimit-Remaining') ?? 'NaN');
  async function usedOf(bucket: string): Promise<number | null> {
    const { rows } = await query('SELECT used FROM rate_limit_windows WHERE bucket = $1', [bucket]);
    return rows[0]?.used ?? null;
  }
  const nowSeconds = async (): Promise<number> =>
    (await query('SELECT extract(epoch FROM now())::bigint AS now')).rows[0].now;

  describe('what an answer says', () => {
    it('is where the credential stands, in both spellings, at /verify, /v1 and /api', async () => {
      const { key } = await newKey();
      const answers = [
        await verify(key),
        await ask(first, '/v1/posts', bearer(key)),
        await ask(first, '/api/scopes', bearer(key)),
        await ask(first, '/api/keys', bearer(key)),
      ];
      const now = await nowSeconds();
      const reset = now - (now % HOUR) + HOUR;
      answers.forEach(({ status, headers }, index) => {
        expect(status).to.equal(200);
        expect(headers.get('X-RateLimit-Limit')).to.equal('20');
        expect(headers.get('X-RateLimit-Remaining')).to.equal(String(19 - index));
        expect(headers.get('X-RateLimit-Reset')).to.equal(String(reset));
        expect(headers.get('RateLimit-Policy')).to.equal('"free";q=20;w=3600');
        const [, remaining, seconds] = /^"free";r=(\d+);t=(\d+)$/.exec(headers.get('RateLimit') ?? '') ?? [];
        expect(remaining).to.equal(String(19 - index));
        expect(Number(seconds)).to.be.within(reset - now, reset - now + 5);
        expect(headers.has('Retry-After')).to.equal(false);
        expect(headers.has('Sunset')).to.equal(false);
      });
    });

    it('is the same on a refusal by scope, which costs nothing', async () => {
      const { key, id } = await newKey();
      await verify(key);
      for (const path of ['/verify?scope=posts:delete', '/api/users', '/api/clients']) {
        const answer = await ask(first, path, bearer(key));
        expect(answer.status, path).to.equal(403);
        expect(remainingOf(answer), path).to.equal(19);
      }
      expect(await usedOf(`credential:${id}`)).to.equal(1);
    });

    it('is no number for an unlimited tier, nor for a holder of ratelimit:bypass, and nothing is written for them', async () => {
      const unlimited = await newKey({ rate_limit_tier: 'enterprise' });
      const exempt = await newKey({ scopes: ['posts:read', 'ratelimit:bypass'] });
      for (const { key, id } of [unlimited, exempt]) {
        const answers = [
          await verify(key),
          await ask(first, '/v1/posts', bearer(key)),
          await verify(key, '&scope=x:y'),
        ];
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 403]);
        for (const { headers } of answers)
          for (const name of LIMIT_HEADERS) expect(headers.has(name), name).to.equal(false);
        expect(await usedOf(`credential:${id}`)).to.equal(null);
      }
      expect((await costing(unlimited.key, 1)).rate_limit).to.deep.include({
        tier: 'enterprise',
        limit: null,
        remaining: null,
      });
    });

    it('is a 429, literally, everywhere, and a 403 where nginx asks', async () => {
      const { key } = await newKey();
      await costing(key, 20);
      const asked = [
        verify(key),
        ask(first, '/v1/posts', bearer(key)),
        ask(first, '/api/keys', bearer(key)),
        verify(key, '&mode=nginx'),
      ];
      const now = await nowSeconds();
      const untilReset = HOUR - (now % HOUR);
      for (const [index, answer] of (await Promise.all(asked)).entries()) {
        expect(answer.status).to.equal(index === 3 ? 403 : 429);
        const seconds = Number(answer.headers.get('Retry-After'));
        expect(seconds).to.be.within(untilReset - 2, untilReset + 5);
        expect(answer.text).to.equal(`{"message":"Too many requests.","retry_after":${seconds}}`);
        expect(answer.headers.get('Content-Type')).to.match(/^application\/json/);
        expect(answer.headers.get('X-RateLimit-Limit')).to.equal('20');
        expect(answer.headers.get('X-RateLimit-Remaining')).to.equal('0');
        expect(answer.headers.get('RateLimit')).to.match(/^"free";r=0;t=\d+$/);
      }
    });
  });

  describe('counting', () => {
    it('allows exactly the ten that are left of two hundred calls at once, over two servers', async () => {
      const { key, id } = await newKey({ rate_limit_tier: 'pro' });
      await costing(key, 90);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => verify(key, '', index % 2 === 0 ? first : second)),
      );
      const allowed = answers.filter(({ status }) => status === 200);
      expect(allowed).to.have.length(10);
      expect(answers.filter(({ status }) => status === 429)).to.have.length(190);
      expect(allowed.map(remainingOf).sort()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await usedOf(`credential:${id}`)).to.equal(100);
    });

    it('takes a cost whole or not at all, and 0 only asks', async () => {
      const { key, id } = await newKey();
      expect(await costing(key, 15)).to.deep.include({ allowed: true, reason: 'ok' });
      const refused = await costing(key, 6);
      expect(refused).to.include({ allowed: false, reason: 'rate_limited' });
      expect(refused.rate_limit).to.include({ tier: 'free', limit: 20, remaining: 5 });
      expect((await costing(key, 5)).rate_limit).to.include({ remaining: 0 });
      const asked = await costing(key, 0);
      expect(asked).to.include({ allowed: true });
      expect(asked.rate_limit).to.include({ remaining: 0 });
      expect(await costing(key, 21)).to.include({ reason: 'rate_limited' });
      expect(await usedOf(`credential:${id}`)).to.equal(20);
    });

    it('takes nothing for a question that the scopes already answer', async () => {
      const { key, id } = await newKey();
      expect(await costing(key, 5, ['posts:delete'])).to.include({ reason: 'insufficient_scope' });
      expect(await usedOf(`credential:${id}`)).to.equal(null);
    });

    it('is shared by a key and the key that replaces it; only the old one says when it ends', async () => {
      const old = await newKey();
      await costing(old.key, 4);
      const rotated = await askJson(first, 'POST', `/api/keys/${old.id}/rotate`, owner, { grace_period: 600 });
      expect(rotated.status, rotated.text).to.equal(201);
      const next = rotated.json as Key & { replaces: { expires_at: string } };
      const ofNew = await verify(next.key);
      const ofOld = await verify(old.key, '', second);
      expect([remainingOf(ofNew), remainingOf(ofOld)]).to.deep.equal([15, 14]);
      expect(ofNew.headers.has('Sunset')).to.equal(false);
      expect(ofOld.headers.get('Sunset')).to.equal(new Date(next.replaces.expires_at).toUTCString());
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          verify(index % 2 === 0 ? old.key : next.key, '', index % 3 ? first : second),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).to.have.length(14);
      for (const [index, { headers }] of answers.entries()) {
        expect(headers.has('Sunset'), 'on refusals too').to.equal(index % 2 === 0);
      }
    });

    it('follows a change of the tier at once, on every server, without forgetting what was used', async () => {
      const { key, id } = await newKey();
      await costing(key, 20);
      expect((await verify(key)).status).to.equal(429);
      await askJson(first, 'PATCH', `/api/keys/${id}`, owner, { rate_limit_tier: 'pro' });
      const raised = await verify(key, '', second);
      expect(raised.status).to.equal(200);
      expect(raised.headers.get('RateLimit-Policy')).to.equal('"pro";q=100;w=3600');
      expect(remainingOf(raised)).to.equal(79);
      await askJson(first, 'PATCH', `/api/keys/${id}`, owner, { rate_limit_tier: null });
      const lowered = await verify(key, '', second);
      expect(lowered.status).to.equal(429);
      expect(remainingOf(lowered)).to.equal(0);
      await askJson(first, 'PATCH', `/api/keys/${id}`, owner, { rate_limit_tier: 'enterprise' });
      expect((await verify(key, '', second)).status).to.equal(200);
    });

    it('says the same with and without counting after a move to a longer window', async () => {
      const { key, id } = await newKey({ rate_limit_tier: 'tiny' });
      await costing(key, 2);
      await askJson(first, 'PATCH', `/api/keys/${id}`, owner, { rate_limit_tier: 'free' });
      const asked = (await costing(key, 0)).rate_limit as Record<string, unknown>;
      const counted = (await costing(key, 1)).rate_limit as Record<string, unknown>;
      expect(Number(asked.remaining)).to.equal(Number(counted.remaining) + 1);
    });

    it('starts again when the hour turns by the clock of the database', async () => {
      const { key, id } = await newKey();
      await costing(key, 20);
      expect((await verify(key)).status).to.equal(429);
      await query("UPDATE rate_limit_windows SET window_start = window_start - interval '1 hour' WHERE bucket = $1", [
        `credential:${id}`,
      ]);
      expect((await costing(key, 0)).rate_limit).to.include({ remaining: 20 });
      expect(remainingOf(await verify(key, '', second))).to.equal(19);
      expect(remainingOf(await verify(key))).to.equal(18);
    });

    it('gives test keys the multiple, in whole calls', async () => {
      const { key } = await newKey({ environment: 'test' });
      expect((await verify(key)).headers.get('X-RateLimit-Limit')).to.equal('50');
      const tiny = await newKey({ environment: 'test', rate_limit_tier: 'tiny' });
      const answer = await verify(tiny.key);
      expect(answer.headers.get('X-RateLimit-Limit'), '3 × 2.5').to.equal('7');
      expect(answer.headers.get('RateLimit-Policy')).to.equal('"tiny";q=7;w=60');
    });

    it('holds a tier that has left the vocabulary to the smallest one', async () => {
      const { key, id } = await newKey({ rate_limit_tier: 'pro' });
      await query("UPDATE credentials SET rate_limit_tier = 'platinum' WHERE id = $1", [id]);
      const answer = await verify(key);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('RateLimit-Policy')).to.equal('"free";q=20;w=3600');
    });

    it('never counts the caller at /api/verify', async () => {
      const { key, id } = await newKey({ scopes: ['credentials:introspect'] });
      const credential = (await newKey()).key;
      for (let time = 0; time < 3; time += 1) {
        const answer = await askJson(first, 'POST', '/api/verify', key, { credential, scopes: ['posts:read'] });
        expect(answer.status, answer.text).to.equal(200);
      }
      expect(await usedOf(`credential:${id}`)).to.equal(null);
    });
  });
});

describe('strangers', () => {
  const LIMIT = 5;
  let proxy: DatabaseProxy;
  let server: TestServer;
  let key: string;
  let statements: string[];

  before(async () => {
    proxy = await proxyDatabase(await freshDatabase());
    server = await startServer({
      DATABASE_URL: proxy.databaseUrl,
      STRANGER_LIMIT: String(LIMIT),
      TRUSTED_PROXIES: '127.0.0.0/8,::1,10.0.0.0/8',
    });
    const owner = await ownerToken(server);
    const issued = await askJson(server, 'POST', '/api/keys', owner, { name: 'Known', scopes: ['posts:read'] });
    key = (issued.json as Key).key;
    // What a request asks of the database goes through this pool; what goes on in the background does not.
    server.composed.installation.database.pool.on('acquire', () => statements.push('a connection was taken'));
  });
  beforeEach(async () => {
    await minuteWithRoom();
    statements = [];
  });
  after(async () => {
    await server.stop();
    await proxy.close();
  });

  const from = (
    address: string,
    credential: string | null = null,
    path = '/verify?scope=posts:read',
  ): Promise<Answer> =>
    ask(server, path, {
      headers: {
        'X-Forwarded-For': address,
        ...(credential !== null && { Authorization: `Bearer ${credential}` }),
      },
    });

  async function times(
    count: number,
    address: (index: number) => string,
    credential: string | null = null,
  ): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < count; index += 1) statuses.push((await from(address(index), credential)).status);
    return statuses;
  }
  const withinThenOver = [...Array.from({ length: LIMIT }, () => 401), 429];

  it('are limited where a request for authorization would be kept for each of them', async () => {
    const begin = (path: string, accept: string): Promise<Answer> =>
      ask(server, path, { headers: { 'X-Forwarded-For': '198.51.100.77', Accept: accept }, redirect: 'manual' });
    for (let tries = 0; tries < LIMIT; tries += 1) {
      expect((await begin('/oauth/authorize?client_id=nobody', '*/*')).status).to.equal(400);
    }
    const over = await begin('/oauth/authorize?client_id=nobody', 'application/json');
    expect(over.status).to.equal(429);
    expect(over.json).to.have.all.keys('message', 'retry_after');
    expect(Number(over.headers.get('retry-after'))).to.be.within(1, 60);
    const page = await begin('/oauth/authorize?client_id=nobody', 'text/html');
    expect(page.status).to.equal(429);
    expect(page.headers.get('retry-after')).to.match(/^\d+$/);
    expect(page.text).to.include('Try again in a minute');
    expect((await begin('/oauth/jwks', '*/*')).status).to.equal(200);
  });

  it('are limited by their address, with the same words, and do not touch the database', async () => {
    expect(await times(LIMIT, () => '192.0.2.1')).to.deep.equal(withinThenOver.slice(0, LIMIT));
    const over = await from('192.0.2.1');
    const seconds = Number(over.headers.get('Retry-After'));
    expect(over.status).to.equal(429);
    expect(seconds).to.be.within(1, 60);
    expect(over.text).to.equal(`{"message":"Too many requests.","retry_after":${seconds}}`);
    expect(over.headers.get('RateLimit-Policy')).to.equal(`"address";q=${LIMIT};w=60`);
    expect(over.headers.get('X-RateLimit-Remaining')).to.equal('0');
    expect((await from('192.0.2.1', null, '/verify?scope=posts:read&mode=nginx')).status).to.equal(403);
    expect((await from('192.0.2.1', null, '/v1/posts')).status).to.equal(429);
    expect((await from('192.0.2.1', null, '/api/keys')).status).to.equal(429);
    expect((await from('192.0.2.2')).status).to.equal(401);
    expect(statements).to.deep.equal([]);
  });

  it('do not touch the database with anything that is malformed', async () => {
    const wellFormed = generateApiKey('live').text;
    const last = wellFormed.at(-1) === 'a' ? 'b' : 'a';
    const malformed = [
      'nonsense',
      '',
      `${wellFormed.slice(0, -1)}${last}`,
      wellFormed.slice(0, -1),
      `${wellFormed}a`,
      '1|lkp_short',
      `9999999999999999999|lkp_${'a'.repeat(46)}`,
      'oat_short',
      'eyJhbGciOiJub25lIn0.e30.',
      'ort_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    ];
    for (const [index, credential] of malformed.entries()) {
      expect((await from(`198.51.100.${index}`, credential)).status, credential).to.equal(401);
    }
    expect(statements).to.deep.equal([]);
    expect((await from('198.51.100.99', wellFormed)).status).to.equal(401);
    expect(statements, 'what could be a key is looked up').to.have.length(1);
  });

  it('never stand in the way of somebody with a good credential at the same address', async () => {
    expect(await times(LIMIT + 1, () => '192.0.2.10')).to.deep.equal(withinThenOver);
    expect(await times(LIMIT + 3, () => '192.0.2.10', key)).to.deep.equal(Array.from({ length: LIMIT + 3 }, () => 200));
    expect((await from('192.0.2.10', key, '/verify?scope=posts:delete')).status, 'known, and refused').to.equal(403);
    expect((await from('192.0.2.10')).status).to.equal(429);
  });

  it('are counted as one over a whole IPv6 network, however an address is spelled', async () => {
    const spellings = [
      '2001:db8:0:1::1',
      '2001:DB8::1:0:0:0:2',
      '2001:0db8:0000:0001:ffff:ffff:ffff:ffff',
      '2001:db8:0:1:0:0:192.0.2.1',
      '2001:db8:0:1::',
      '2001:db8::1:1:2:3:4',
    ];
    expect(await times(LIMIT + 1, (index) => spellings[index] ?? '')).to.deep.equal(withinThenOver);
    expect((await from('2001:db8:0:2::1')).status, 'the network beside it').to.equal(401);
    const mapped = [
      '192.0.2.20',
      '::ffff:192.0.2.20',
      '::FFFF:c000:214',
      '0:0:0:0:0:ffff:192.0.2.20',
      '192.0.2.20',
      '192.0.2.20',
    ];
    expect(await times(LIMIT + 1, (index) => mapped[index] ?? '')).to.deep.equal(withinThenOver);
    expect((await from('::ffff:192.0.2.21')).status).to.equal(401);
  });

  it('can not hide behind what they wrote themselves: the list is walked from the right', async () => {
    const forged = (index: number): string => `203.0.113.${index}, 192.0.2.30, 10.0.0.${index}`;
    expect(await times(LIMIT + 1, forged)).to.deep.equal(withinThenOver);
    expect((await from('192.0.2.30, 192.0.2.31')).status).to.equal(401);
  });

  it('are not the machine itself, as long as nobody says for whom it speaks', async () => {
    for (let index = 0; index < LIMIT + 3; index += 1) {
      expect((await ask(server, '/verify?scope=posts:read')).status).to.equal(401);
    }
  });

  it('are refused while the database is away, unless what they say could be true: 503', async () => {
    proxy.setMode('refuse');
    try {
      expect((await from('203.0.113.50')).status).to.equal(401);
      expect((await from('203.0.113.50', 'nonsense')).status).to.equal(401);
      expect((await from('203.0.113.50', generateApiKey('live').text)).status).to.equal(503);
      expect((await from('203.0.113.50', key)).status).to.equal(503);
    } finally {
      proxy.setMode('forward');
    }
  });
});

const TIERS = `tiers:
  free:       { requests: 20, per: hour }
  pro:        { requests: 100, per: hour }
  tiny:       { requests: 3, per: minute }
  enterprise: { requests: unlimited }
`;
