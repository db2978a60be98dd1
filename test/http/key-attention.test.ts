import { expect } from 'chai';
import pg from 'pg';
import { type Answer, askJson } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

interface Group {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly { readonly id: number; readonly name: string }[];
}

describe('/api/keys/attention', () => {
  let server: TestServer;
  let database: pg.Client;
  let almighty: string;
  let workspaceId: number;

  before(async () => {
    server = await startServer();
    almighty = await commandLineToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    workspaceId = ((await call('POST', '/api/workspaces', { name: 'Desk' })).json as { id: number }).id;
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  const call = (method: string, path: string, sent?: unknown): Promise<Answer> =>
    askJson(server, method, path, almighty, sent);
  const create = async (name: string, expiresInDays: number | null): Promise<number> => {
    const expires_at = expiresInDays === null ? null : new Date(Date.now() + expiresInDays * 86_400_000).toISOString();
    const answer = await call('POST', '/api/keys', {
      name,
      scopes: ['posts:read'],
      environment: 'test',
      workspace_id: workspaceId,
      expires_at,
    });
    expect(answer.status, answer.text).to.equal(201);
    return (answer.json as { id: number }).id;
  };
  const aged = (id: number, days: number): Promise<unknown> =>
    database.query(`UPDATE credentials SET created_at = now() - make_interval(days => $2) WHERE id = $1`, [id, days]);
  const used = (id: number, days: number): Promise<unknown> =>
    database.query(
      `INSERT INTO usage_last (meter, last_used_at, address) VALUES ('credential:' || $1::text, now() - make_interval(days => $2), '')`,
      [String(id), days],
    );
  const groups = async (): Promise<Record<string, [number, string[]]>> => {
    const { data } = (await call('GET', `/api/keys/attention?workspace_id=${workspaceId}`)).json as { data: Group[] };
    return Object.fromEntries(
      data.map(({ reason, count, examples }) => [reason, [count, examples.map(({ name }) => name)]]),
    );
  };

  it('says nothing about a workspace without keys', async () => {
    expect((await call('GET', `/api/keys/attention?workspace_id=${workspaceId}`)).json).to.deep.equal({
      looked_at: 0,
      data: [],
    });
  });

  it('points out what was never used, is not used anymore, never ends, or is old, and nothing else', async () => {
    await create('fresh', 30);
    await aged(await create('forgotten', 30), 2);
    const busy = await create('busy', 30);
    await aged(busy, 80);
    await used(busy, 1);
    const asleep = await create('asleep', 30);
    await aged(asleep, 200);
    await used(asleep, 91);
    await create('endless', null);
    const ended = await create('ended', null);
    await call('DELETE', `/api/keys/${ended}`);
    const expired = await create('expired', 30);
    await database.query(
      `UPDATE credentials SET created_at = now() - interval '99 days', expires_at = now() WHERE id = $1`,
      [expired],
    );
    const rotated = await create('rotated', null);
    await call('POST', `/api/keys/${rotated}/rotate`, { expires_at: new Date(Date.now() + 1e9).toISOString() });
    expect(await groups()).to.deep.equal({
      never_used: [1, ['forgotten']],
      unused: [1, ['asleep']],
      never_expiring: [1, ['endless']],
      old: [1, ['asleep']],
    });
    for (const [reason, name] of Object.entries({
      never_used: 'forgotten',
      unused: 'asleep',
      never_expiring: 'endless',
      old: 'asleep',
    })) {
      const listed = await call('GET', `/api/keys?workspace_id=${workspaceId}&attention=${reason}`);
      expect(
        (listed.json as { data: { name: string }[] }).data.map((key) => key.name),
        reason,
      ).to.deep.equal([name]);
    }
    expect((await call('GET', '/api/keys?attention=strange')).status).to.equal(422);
  });

  it('counts all of them and shows three', async () => {
    for (let index = 0; index < 4; index += 1) await create(`more ${index}`, null);
    const [count, names] = (await groups()).never_expiring ?? [];
    expect([count, names?.length]).to.deep.equal([5, 3]);
  });

  it('lists keys from the newest on where that is asked for, over pages', async () => {
    const seen: number[] = [];
    let cursor = '';
    for (let page = 0; page < 20; page += 1) {
      const path = `/api/keys?workspace_id=${workspaceId}&order=newest&limit=3${cursor}`;
      const { data, next } = (await call('GET', path)).json as { data: { id: number }[]; next: string | null };
      seen.push(...data.map(({ id }) => id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen.length).to.be.above(9);
    expect(seen).to.deep.equal([...new Set(seen)].sort((left, right) => right - left));
  });

  it('names the people who made keys, of that workspace alone', async () => {
    const { data } = (await call('GET', `/api/keys/makers?workspace_id=${workspaceId}`)).json as {
      data: { id: number; name: string }[];
    };
    expect(data.map(({ id }) => id)).to.deep.equal([1]);
    expect(data[0]?.name).to.be.a('string').and.not.equal('');
    const empty = ((await call('POST', '/api/workspaces', { name: 'Empty' })).json as { id: number }).id;
    expect((await call('GET', `/api/keys/makers?workspace_id=${empty}`)).json).to.deep.equal({ data: [] });
  });

  it('names them to people and administrators, and to no program that manages keys', async () => {
    const account = { email: 'nameless@example.com', password: 'a quiet river in the north' };
    const { id } = (await call('POST', '/api/users', { ...account, role: 'owner' })).json as { id: number };
    const page = pageProgram(server);
    await page.signIn(account);
    const settings = { name: 'Manager', scopes: ['keys:manage'] };
    const { key } = (await page.send('POST', '/api/keys', settings)).json as { key: string };
    const token = (await page.send('POST', '/api/tokens', settings)).json as { token: string };
    const nameIn = ({ json }: Answer): string | undefined =>
      (json as { data: { id: number; name: string }[] }).data.find((maker) => maker.id === id)?.name;
    expect(nameIn(await page.send('GET', '/api/keys/makers'))).to.equal(account.email);
    for (const credential of [key, token.token]) {
      expect(nameIn(await askJson(server, 'GET', '/api/keys/makers', credential))).to.equal('');
    }
  });
});
