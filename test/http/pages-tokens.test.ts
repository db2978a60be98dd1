import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { type FormBrowser, formBrowser, type ReadPage, tokenOf } from '../pages/support/form-browser.ts';
import { ask, askJson } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const PASSWORD = 'a quiet river in the north';
const HOSTILE = '<img src=x onerror=alert(1)> "Ünï" עברית 🚀';
const ESCAPED = '&lt;img src=x onerror=alert(1)&gt; &quot;Ünï&quot; עברית 🚀';
const RESPONSE_MS = 100;
const PAGE_BYTES = 60_000;

type Fields = Record<string, string | readonly string[]>;

interface Somebody extends FormBrowser {
  readonly id: number;
}

describe('the pages of personal access tokens', function () {
  this.timeout(30_000);
  let server: TestServer;
  let database: pg.Client;
  let almighty: string;
  let people = 0;
  /** Somebody with tokens of any number; signing up and in takes its time. */
  let noor: Somebody;

  before(async () => {
    server = await startServer();
    almighty = await commandLineToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    noor = await somebody();
  });
  after(async () => {
    await database?.end();
    await server?.stop();
  });

  /** Somebody new, signed in. */
  async function somebody(): Promise<Somebody> {
    people += 1;
    const email = `person${people}@northwind.example`;
    const made = await askJson(server, 'POST', '/api/users', almighty, { email, password: PASSWORD });
    expect(made.status, made.text).to.equal(201);
    return { ...(await signIn({ email, password: PASSWORD })), id: (made.json as { id: number }).id };
  }
  async function signIn(account: { email: string; password: string }): Promise<FormBrowser> {
    const browser = formBrowser(server.url);
    expect((await browser.submit('/login', '/login', account)).status).to.equal(303);
    return browser;
  }

  const typed: Fields = { name: 'backup', scopes: ['posts:read'], expiry: '30' };
  const formOf = (page: ReadPage): Record<string, string> => ({
    _csrf: tokenOf(page, '/tokens'),
    once: hiddenField(page, 'once'),
    workspace_id: hiddenField(page, 'workspace_id'),
  });
  /** Opens the form as a browser does, by way of the address that makes it good for one token. */
  async function openForm(browser: FormBrowser, query = ''): Promise<ReadPage> {
    const { status, headers } = await browser.get(`/tokens/new${query}`);
    expect(status).to.equal(303);
    return browser.get(headers.get('location') ?? '');
  }
  async function make(browser: FormBrowser, fields: Fields = {}): Promise<ReadPage> {
    return send(browser, { ...formOf(await openForm(browser)), ...typed, ...fields });
  }
  const send = (browser: FormBrowser, fields: Fields): Promise<ReadPage> => browser.post('/tokens', encode(fields));
  const rowsOf = async (userId: number): Promise<Record<string, unknown>[]> =>
    (await database.query('SELECT * FROM credentials WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id', [userId]))
      .rows;
  const idOf = async (userId: number): Promise<number> => Number((await rowsOf(userId)).at(-1)?.id);

  it('lead strangers to the sign-in and back', async () => {
    const stranger = formBrowser(server.url);
    for (const path of ['/tokens', '/tokens/new?name=a&scopes=posts%3Aread', '/tokens/1', '/tokens/revoke-all']) {
      const { status, headers } = await stranger.get(path);
      expect([status, headers.get('location')]).to.deep.equal([303, `/login?next=${encodeURIComponent(path)}`]);
    }
  });

  it('teach somebody without any what they are for', async () => {
    const { text } = await (await somebody()).get('/tokens');
    expect(text).to.include('You have no tokens yet').and.include('href="/tokens/new"');
    expect(text).to.not.include('revoke-all');
  });

  it('offer the defaults ticked, ends written out, and what the role does not allow with the reason', async () => {
    const { text } = await openForm(noor);
    expect(ticked(text)).to.deep.equal(['posts:read']);
    expect(boxOf(text, 'posts:delete')).to.include('disabled');
    expect(text).to.include('Your role (member) does not allow it.');
    expect(boxOf(text, '*:read')).to.not.include('disabled');
    const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
    expect(text).to.include(`until ${day.format(Date.now() + 90 * 86_400_000)}`);
  });

  it('show a new token once, with a command that works as it stands', async () => {
    const made = await make(noor);
    expect(made.status, made.text).to.equal(201);
    expect(made.headers.get('cache-control')).to.equal('no-store');
    const secret = textOf(made.text, 'secret-value');
    expect(secret).to.match(/^\d+\|lkp_[0-9A-Za-z]{46}$/);
    const line = textOf(made.text, 'secret-curl');
    expect(line).to.include(secret).and.include(`${server.issuer}/v1/posts`);
    const { stdout } = await promisify(execFile)('sh', ['-c', line]);
    expect(stdout).to.include('Hello, world');
    const row = (await rowsOf(noor.id)).at(-1);
    expect(row).to.include({ name: 'backup', workspace_id: '1' });
    expect(row?.scopes).to.deep.equal(['posts:read']);
    expect(Number(row?.expires_at) - Date.now()).to.be.closeTo(30 * 86_400_000, 60_000);
    for (const path of ['/tokens', `/tokens/${row?.id}`, `/tokens/${row?.id}/revoke`]) {
      const { text } = await noor.get(path);
      expect(text)
        .to.include('backup')
        .and.include(`|lkp_…${secret.slice(-10, -6)}…`)
        .and.include('Read blog posts');
      expect(text, path).to.not.include(secret.split('|')[1]);
    }
  });

  it('give a command that asks who it is to a token that reads no posts', async () => {
    const made = await make(noor, { scopes: ['categories:read'] });
    const line = textOf(made.text, 'secret-curl');
    expect(line).to.include(`${server.issuer}/api/me`);
    expect((await promisify(execFile)('sh', ['-c', line])).stdout).to.include('"categories:read"');
  });

  it('say when and from where a token was used last, and when it ends', async () => {
    const ada = await somebody();
    await make(ada, { expiry: 'never' });
    const id = await idOf(ada.id);
    expect((await ada.get('/tokens')).text).to.include('Never used. Never expires.');
    await database.query(
      `INSERT INTO usage_last (meter, last_used_at, address) VALUES ($1, now() - interval '3 hours', '192.0.2.7')`,
      [`credential:${id}`],
    );
    await database.query(`UPDATE credentials SET expires_at = now() - interval '1 day 1 minute' WHERE id = $1`, [id]);
    const { text } = await ada.get('/tokens');
    expect(text).to.match(/Last used <time [^>]+>3 hours ago<\/time> from 192\.0\.2\.7\./);
    expect(text)
      .to.match(/Expired <time [^>]+>24 hours ago<\/time>\./)
      .and.include('<span class="badge bad">expired</span>');
    await database.query(`UPDATE credentials SET expires_at = now() + interval '50 hours' WHERE id = $1`, [id]);
    expect((await ada.get('/tokens')).text)
      .to.include('ends soon')
      .and.match(/Expires <time [^>]+>in 2 days<\/time>\./);
  });

  it('make nothing twice from one form, and name what it made', async () => {
    const before = (await rowsOf(noor.id)).length;
    const form = { ...formOf(await openForm(noor)), ...typed, name: HOSTILE };
    const answers = await Promise.all([send(noor, form), send(noor, form), send(noor, form)]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409]);
    expect(await rowsOf(noor.id)).to.have.length(before + 1);
    const again = await send(noor, form);
    expect(again.status).to.equal(409);
    expect(again.text).to.include('It was made already').and.include(ESCAPED).and.not.include('lkp_');
    const id = await idOf(noor.id);
    expect(again.text).to.include(`href="/tokens/${id}"`);
    await noor.submit(`/tokens/${id}/revoke`, `/tokens/${id}/revoke`, {});
    const afterwards = await send(noor, form);
    expect([afterwards.status, afterwards.text.includes('has been revoked since')]).to.deep.equal([409, true]);
    expect(await rowsOf(noor.id)).to.have.length(before);
  });

  it('say beside each field what is wrong with it, and keep what was typed', async () => {
    const before = await rowsOf(noor.id);
    const empty = await make(noor, { name: ' ', scopes: [], expiry: 'custom', expiry_day: '2020-01-01' });
    expect(empty.status).to.equal(422);
    for (const field of ['name', 'scopes', 'expiry_day']) expect(empty.text).to.include(`id="${field}-error"`);
    expect(empty.text).to.include('<title>Error: ').and.include('value="2020-01-01"');
    const refused = await make(noor, { name: HOSTILE, scopes: ['posts:write', 'posts:delete', 'nonsense:x'] });
    expect(refused.status).to.equal(422);
    expect(refused.text).to.include('You can not grant posts:delete: you do not hold it.').and.include('nonsense:x');
    expect(refused.text).to.include(`value="${ESCAPED}"`);
    expect(ticked(refused.text)).to.deep.equal(['posts:write']);
    expect((await make(noor, { name: 'x'.repeat(256) })).status).to.equal(422);
    expect((await make(noor, { name: 'turned \u202e around' })).text).to.include('id="name-error"');
    expect((await make(noor, { expiry: '' })).text).to.include('id="expiry-error"');
    expect((await make(noor, { once: 'not visible\u00e9' })).text).to.include('role="alert"');
    expect((await make(noor, { workspace_id: '99999' })).text).to.include('role="alert"');
    expect(await rowsOf(noor.id)).to.deep.equal(before);
  });

  it('are filled in by a link, and tell what the link can not have', async () => {
    const moved = await noor.get('/tokens?name=Backup&scopes=posts:read');
    expect([moved.status, moved.headers.get('location')]).to.deep.equal([
      303,
      '/tokens/new?name=Backup&scopes=posts:read',
    ]);
    for (const scopes of [
      'scopes=posts:write,categories:read,posts:delete,nonsense:x',
      'scopes=posts:write+categories:read%20posts:delete,+nonsense:x',
      'scopes=posts:write&scopes=categories:read&scopes=posts:delete&scopes=nonsense:x',
    ]) {
      const { text } = await openForm(noor, `?name=${encodeURIComponent(HOSTILE)}&${scopes}&expiry=7`);
      expect(ticked(text), scopes).to.deep.equal(['posts:write', 'categories:read']);
      expect(text)
        .to.include(`value="${ESCAPED}"`)
        .and.match(/value="7" checked/);
      expect(text).to.include('<code>posts:delete</code> Your role (member) does not allow it.');
      expect(text).to.include('<code>nonsense:x</code> There is no such permission here.');
    }
    const { text } = await openForm(noor, '?scopes=%3Cscript%3E&expiry=tomorrow');
    expect(text)
      .to.include('<code>&lt;script&gt;</code>')
      .and.match(/value="90" checked/);
    expect(ticked(text)).to.deep.equal([]);
    expect(ticked((await openForm(noor, '?name=Backup')).text)).to.deep.equal(['posts:read']);
  });

  it('end a token after a page that says what it is', async () => {
    const secret = textOf((await make(noor)).text, 'secret-value');
    const path = `/tokens/${await idOf(noor.id)}/revoke`;
    const works = async (): Promise<number> =>
      (await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${secret}` } })).status;
    expect([(await noor.get(path)).text.includes('Last used'), await works()]).to.deep.equal([true, 200]);
    const done = await noor.submit(path, path, {});
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, '/tokens?notice=revoked']);
    expect(await works()).to.equal(401);
    expect((await noor.get('/tokens?notice=revoked')).text).to.include('The token is revoked.');
    expect((await noor.get('/tokens?notice=%3Cb%3E')).text).to.not.include('role="status"');
    const gone = await noor.get(path);
    expect([gone.status, gone.text.includes('href="/tokens">See your tokens')]).to.deep.equal([404, true]);
  });

  it('rename a token', async () => {
    await make(noor);
    const path = `/tokens/${await idOf(noor.id)}`;
    const rename = (name: string): Promise<ReadPage> => noor.submit(path, `${path}/rename`, { name });
    const done = await rename(` ${HOSTILE} `);
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, `${path}?notice=renamed`]);
    const { text } = await noor.get(`${path}?notice=renamed`);
    expect(text).to.include('The token has its new name.').and.include(`<bdi>${ESCAPED}</bdi>`);
    for (const name of [' ', 'x'.repeat(256), 'turned \u202e around']) {
      const refused = await rename(name);
      expect([refused.status, refused.text.includes('id="name-error"')], name).to.deep.equal([422, true]);
    }
    expect((await rowsOf(noor.id)).at(-1)?.name).to.equal(HOSTILE);
    await database.query(`UPDATE credentials SET expires_at = now() WHERE name = $1`, [HOSTILE]);
    expect((await noor.get(path)).text).to.not.include('/rename');
  });

  it('end all tokens for the password, with its faults beside the field', async () => {
    const ada = await somebody();
    await make(ada);
    await make(ada);
    const end = (password: string): Promise<ReadPage> =>
      ada.submit('/tokens/revoke-all', '/tokens/revoke-all', { password });
    const wrong = await end('wrong');
    expect([wrong.status, wrong.text.includes('id="password-error"')]).to.deep.equal([422, true]);
    expect((await end('')).text).to.include('Enter your password.');
    expect(await rowsOf(ada.id)).to.have.length(2);
    const done = await end(PASSWORD);
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, '/tokens?notice=all-revoked']);
    expect(await rowsOf(ada.id)).to.have.length(0);
    await end('wrong');
    // As if nine more had been wrong, each of which takes its time.
    await database.query('UPDATE sign_in_attempts SET attempts = 10 WHERE attempts BETWEEN 1 AND 9');
    const throttled = await end(PASSWORD);
    expect([throttled.status, Number(throttled.headers.get('retry-after')) > 0]).to.deep.equal([429, true]);
    expect(throttled.text)
      .to.include('id="password-error"')
      .and.match(/Try again in \d+ \w+\./);
  });

  it('refuse every form of another site, and show nobody the tokens of others', async () => {
    const eve = await somebody();
    await make(noor);
    const id = await idOf(noor.id);
    const before = await rowsOf(noor.id);
    const foreign = tokenOf(await openForm(eve), '/tokens');
    for (const path of ['/tokens', `/tokens/${id}/revoke`, `/tokens/${id}/rename`, '/tokens/revoke-all']) {
      for (const _csrf of [foreign, '']) {
        const fields = { _csrf, ...typed, password: PASSWORD };
        expect((await noor.post(path, encode(fields))).status, path).to.equal(403);
      }
    }
    for (const path of [`/tokens/${id}`, `/tokens/${id}/revoke`, '/tokens/0', '/tokens/nonsense']) {
      const { status, text } = await eve.get(path);
      expect([status, text.includes('backup')], path).to.deep.equal([404, false]);
    }
    for (const deed of ['revoke', 'rename']) {
      const path = `/tokens/${id}/${deed}`;
      expect((await eve.post(path, encode({ _csrf: foreign, name: 'mine' }))).status, path).to.equal(404);
    }
    expect(await rowsOf(noor.id)).to.deep.equal(before);
  });

  it('write names as they are, whatever is in them', async () => {
    expect((await make(noor, { name: HOSTILE })).text)
      .to.include(ESCAPED)
      .and.not.include('<img');
    const id = await idOf(noor.id);
    for (const path of ['/tokens', `/tokens/${id}`, `/tokens/${id}/revoke`]) {
      expect((await noor.get(path)).text, path)
        .to.include(`<bdi>${ESCAPED}</bdi>`)
        .and.not.include('<img');
    }
  });

  it('make a token where its form was opened, and name the workspace where there are several', async () => {
    const ada = await somebody();
    const second = await askJson(server, 'POST', '/api/workspaces', almighty, { name: '<b>Harbour' });
    const workspaceId = (second.json as { id: number }).id;
    await askJson(server, 'POST', `/api/workspaces/${workspaceId}/members`, almighty, {
      user_id: ada.id,
      role: 'member',
    });
    await make(ada, { workspace_id: String(workspaceId) });
    expect((await rowsOf(ada.id)).map((row) => row.workspace_id)).to.deep.equal([String(workspaceId)]);
    expect((await ada.get('/tokens')).text).to.include('in <bdi>&lt;b&gt;Harbour</bdi>.');
    await database.query('DELETE FROM memberships WHERE user_id = $1 AND workspace_id = $2', [ada.id, workspaceId]);
    expect((await ada.get('/tokens')).text).to.include('a workspace that you are not in');
  });

  it('explain to somebody in no workspace why there is nothing', async () => {
    const ada = await somebody();
    await database.query('DELETE FROM memberships WHERE user_id = $1', [ada.id]);
    for (const path of ['/tokens', '/tokens/new']) {
      const { status, text } = await ada.get(path);
      expect([status, text.includes('you are in none')], path).to.deep.equal([403, true]);
    }
  });

  it('ask for the password again before a far-reaching token, and bring back what was typed', async () => {
    const admin = await signIn(administrator(server));
    await database.query(`UPDATE sessions SET authenticated_at = authenticated_at - interval '11 minutes'`);
    for (const scope of ['*', 'admin:users', 'admin:*']) {
      const stale = await make(admin, { name: HOSTILE, scopes: [scope, 'posts:read'], expiry: '7' });
      const location = new URL(stale.headers.get('location') ?? '', server.url);
      expect([stale.status, location.pathname]).to.deep.equal([303, '/login/again']);
      const { text } = await openForm(admin, new URL(location.searchParams.get('next') ?? '', server.url).search);
      expect(ticked(text)).to.have.members([scope, 'posts:read']);
      expect(text)
        .to.include(`value="${ESCAPED}"`)
        .and.match(/value="7" checked/);
    }
    expect((await make(admin)).status, 'what is not far-reaching').to.equal(201);
    await database.query('UPDATE sessions SET authenticated_at = now()');
    expect((await make(admin, { scopes: ['*'] })).status).to.equal(201);
  });

  it('are quick and small with 0, 1, 50 and 5,000 tokens', async () => {
    const ada = await somebody();
    const listed = async (path = '/tokens'): Promise<readonly string[]> =>
      [...(await ada.get(path)).text.matchAll(/href="\/tokens\/(\d+)"/g)].map(([, id]) => String(id));
    for (const count of [0, 1, 50, 5000]) {
      if (count === 1) await make(ada);
      const missing = count - (await rowsOf(ada.id)).length;
      await database.query(
        `INSERT INTO credentials (kind, workspace_id, user_id, name, scopes, token_hash, hint, expires_at)
         SELECT kind, workspace_id, user_id, 'Token number ' || n, ARRAY['posts:read', 'posts:write', 'categories:read', '*:read'], token_hash, hint, expires_at
         FROM credentials, generate_series(1, $2) AS n WHERE user_id = $1 LIMIT $2`,
        [ada.id, missing],
      );
      const { milliseconds, bytes } = await measure(ada, '/tokens');
      expect(milliseconds, `${count}`).to.be.below(RESPONSE_MS);
      expect(bytes, `${count}`).to.be.below(PAGE_BYTES);
      expect(await listed()).to.have.length(Math.min(count, 50));
    }
    const first = await ada.get('/tokens');
    const more = /href="(\/tokens\?cursor=[^"]+)"/.exec(first.text)?.[1] ?? '';
    const ids = (await rowsOf(ada.id)).map(({ id }) => String(id)).toReversed();
    expect([...(await listed()), ...(await listed(more))]).to.deep.equal(ids.slice(0, 100));
    expect((await ada.get(more)).text).to.include('Back to the newest');
    expect((await ada.get('/tokens?cursor=nonsense')).status).to.equal(422);
  });

  async function measure(browser: FormBrowser, path: string): Promise<{ milliseconds: number; bytes: number }> {
    const times: number[] = [];
    let bytes = 0;
    for (let run = 0; run < 7; run += 1) {
      const start = performance.now();
      const { text } = await browser.get(path);
      times.push(performance.now() - start);
      bytes = Buffer.byteLength(text);
    }
    // The quickest one: what else the machine does meanwhile is no time of the server's.
    const milliseconds = Math.min(...times);
    if (process.env.SHOW_TIMES === '1') console.log(`${path}: ${milliseconds.toFixed(1)} ms, ${bytes} bytes`);
    return { milliseconds, bytes };
  }
});

function encode(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs).toString();
}

function hiddenField({ text }: ReadPage, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';
}

function textOf(html: string, id: string): string {
  const text = new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(html)?.[1] ?? expect.fail(`there is no ${id} in ${html}`);
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

function boxOf(html: string, entry: string): string {
  const boxes = [...html.matchAll(/<input[^>]*type="checkbox"[^>]*>/g)].map(([box]) => box);
  return boxes.find((box) => box.includes(`value="${entry}"`)) ?? expect.fail(`there is no box for ${entry}`);
}

function ticked(html: string): readonly string[] {
  return [...html.matchAll(/<input[^>]*type="checkbox"[^>]*value="([^"]+)" checked/g)].map(([, entry]) =>
    String(entry),
  );
}
