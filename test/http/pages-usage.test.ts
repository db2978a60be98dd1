import { expect } from 'chai';
import { type FormBrowser, formBrowser, type ReadPage, tokenOf } from '../pages/support/form-browser.ts';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { administrator, person } from '../support/person.ts';
import { signedIn } from '../support/signed-in.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

const HOSTILE = '<b>"Ada’s" key</b> & \'co\' 🔑 مفتاح';
const ESCAPED = '&lt;b&gt;&quot;Ada’s&quot; key&lt;/b&gt; &amp; &#39;co&#39; 🔑 مفتاح';
const ACCOUNT = { email: 'grace@example.com', password: 'a quiet river in the north' };

interface Key {
  readonly id: number;
  readonly key: string;
}

describe('the pages of usage', () => {
  let server: TestServer;
  let owner: string;
  let browser: FormBrowser;
  let other: FormBrowser;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    browser = person(server).browser;
    await browser.submit('/login', '/login', administrator(server));
    await api('POST', '/api/users', { ...ACCOUNT, name: 'Grace', role: 'member' });
    other = formBrowser(server.url);
    await other.submit('/login', '/login', ACCOUNT);
  });
  beforeEach(() => hourWithRoom());
  after(() => server.stop());

  const query = (text: string, values: unknown[] = []) =>
    server.composed.installation.database.pool.query(text, values);
  const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
    askJson(server, method, path, owner, body);
  async function newKey(more: object = {}): Promise<Key> {
    const made = await api('POST', '/api/keys', { name: 'Mobile', scopes: ['posts:read'], ...more });
    expect(made.status, made.text).to.equal(201);
    return made.json as Key;
  }
  async function newToken(scopes: readonly string[]): Promise<{ id: number; token: string }> {
    const made = await (await signedIn(server, administrator(server))).ask('POST', '/api/tokens', {
      name: 'Script',
      scopes,
    });
    return made.json as { id: number; token: string };
  }
  const call = (credential: string, scope = 'posts:read'): Promise<Answer> =>
    ask(server, `/verify?scope=${scope}`, { headers: { Authorization: `Bearer ${credential}` } });
  async function seen(path: string, by = browser): Promise<string> {
    await server.composed.flushUsage();
    const page = await by.get(path);
    expect(page.status, page.text.slice(0, 500)).to.equal(200);
    return page.text;
  }
  const scopesOf = async ({ id }: Pick<Key, 'id'>): Promise<unknown> =>
    ((await api('GET', `/api/keys/${id}`)).json as { scopes: unknown }).scopes;

  describe('of use over time', () => {
    it('draws what was allowed and denied, and has the same numbers as a table, zeros among them', async () => {
      const key = await newKey({ name: HOSTILE });
      for (let time = 0; time < 3; time += 1) await call(key.key);
      await call(key.key, 'posts:write');
      const page = await seen(`/keys/${key.id}/usage`);
      expect(page).to.match(/<svg [^>]*role="img" aria-labelledby="plot-title plot-description"/);
      expect(page).to.include(`Calls of ${ESCAPED} in the last 30 days</title>`);
      expect(page).to.include('3 allowed and 1 denied.');
      expect(page.match(/<rect class="plot-(allowed|denied)"/g)).to.have.length(4);
      expect(page.match(/<tr><th scope="row">[^<]+<\/th><td>\d+<\/td><td>\d+<\/td><\/tr>/g)).to.have.length(30);
      expect(page.match(/<td>0<\/td><td>0<\/td>/g)).to.have.length(29);
      expect(page).to.include('<td>3</td><td>1</td>');
      expect(page).to.not.include('<b>"Ada');
      expect(page).to.not.match(/\sstyle=|<style/);
    });

    it('shows the range that is asked for', async () => {
      const key = await newKey();
      await call(key.key);
      for (const [range, rows] of [
        ['24h', 24],
        ['7d', 7],
        ['30d', 30],
        ['90d', 90],
      ] as const) {
        const page = await seen(`/keys/${key.id}/usage?range=${range}`);
        expect(page.match(/<tr><th scope="row">[^<]+<\/th>/g), range).to.have.length(rows);
        expect(page).to.match(new RegExp(`href="\\?range=${range}" aria-current="page"`));
      }
    });

    it('teaches the first call of a key that was never used', async () => {
      const key = await newKey();
      const page = await seen(`/keys/${key.id}/usage`);
      expect(page).to.include('No calls yet');
      expect(page).to.include(
        `curl -H &#39;Authorization: Bearer ${key.key.slice(0, 16)}…&#39; ${server.issuer}/v1/posts`,
      );
      expect(page).to.not.include('plot-title');
      expect(page).to.not.include(key.key);
      await query(`INSERT INTO usage_hours VALUES ($1, now() - interval '40 days', 1, 0)`, [`credential:${key.id}`]);
      await query(`INSERT INTO usage_scopes VALUES ($1, 'posts:read', current_date - 40)`, [`credential:${key.id}`]);
      const later = await seen(`/keys/${key.id}/usage`);
      expect(later).to.include('No calls in the last 30 days').and.not.include('curl');
    });

    it('says what is left of the limit', async () => {
      const key = await newKey();
      await call(key.key);
      expect(await seen(`/keys/${key.id}/usage`)).to.include('999 of 1,000 calls left in this hour.');
      const unlimited = await newKey({ rate_limit_tier: 'enterprise' });
      expect(await seen(`/keys/${unlimited.id}/usage`)).to.include('Nothing limits it (enterprise).');
    });

    it('exists for tokens, apps and workspaces', async () => {
      const { id, token } = await newToken(['posts:read']);
      await call(token);
      expect(await seen(`/tokens/${id}/usage`)).to.include('1 allowed and 0 denied.');
      const machine = await registerMachine(server, owner, 'posts:read categories:read');
      const unused = await seen(`/clients/${machine.clientId}/usage`);
      expect(unused).to.include(`<a href="/clients/${machine.clientId}">The page of the app</a>`);
      await call(await clientToken(server, machine, 'posts:read'));
      const ofClient = await seen(`/clients/${machine.clientId}/usage`);
      expect(ofClient).to.include('1 allowed and 0 denied.').and.include(`href="/clients/${machine.clientId}/edit"`);
      const ofWorkspace = await seen('/workspaces/1/usage');
      expect(ofWorkspace).to.include('role="img"').and.not.include('Held and not used');
    });

    it('stays small and quick with ninety days of hours and five thousand keys', async () => {
      const key = await newKey({ scopes: ['*'] });
      const meters = [`credential:${key.id}`, 'workspace:1'];
      await query(
        `INSERT INTO usage_hours SELECT m, date_trunc('hour', now()) - n * interval '1 hour', 1000 + n, n % 50
           FROM unnest($1::text[]) AS m, generate_series(1, 2159) AS n ON CONFLICT DO NOTHING`,
        [meters],
      );
      await query(
        `INSERT INTO usage_scope_days SELECT m, s, current_date - d, 100 FROM unnest($1::text[]) AS m,
           unnest(ARRAY['posts:read', 'posts:write', 'analytics:read']) AS s, generate_series(0, 89) AS d ON CONFLICT DO NOTHING`,
        [meters],
      );
      await query(
        `INSERT INTO usage_scopes SELECT DISTINCT meter, scope, current_date FROM usage_scope_days ON CONFLICT DO NOTHING`,
      );
      await query(
        `INSERT INTO credentials (kind, workspace_id, name, scopes, hint, public_id, key_hash, environment)
         SELECT 'api_key', 1, 'Key ' || n, ARRAY['posts:read'], 'sk_live_' || n, lpad(n::text, 8, '0'), 'x', 'live' FROM generate_series(1, 5000) AS n`,
      );
      await query('ANALYZE');
      for (const path of [`/keys/${key.id}/usage`, '/workspaces/1/usage']) {
        await seen(`${path}?range=90d`);
        const tookMs: number[] = [];
        let bytes = 0;
        for (let time = 0; time < 5; time += 1) {
          const began = performance.now();
          bytes = Buffer.byteLength((await browser.get(`${path}?range=90d`)).text);
          tookMs.push(performance.now() - began);
        }
        if (process.env.SHOW_NUMBERS === '1') console.log(path, bytes, tookMs.map(Math.round));
        expect(bytes).to.be.below(60_000);
        expect(Math.min(...tookMs)).to.be.below(100);
      }
    });

    it('is not there for somebody else, nor for who is not signed in', async () => {
      const key = await newKey();
      const { id } = await newToken(['posts:read']);
      const machine = await registerMachine(server, owner, 'posts:read');
      const refused: readonly (readonly [string, number])[] = [
        [`/tokens/${id}/usage`, 404],
        [`/tokens/${id}/usage/narrow`, 404],
        [`/keys/${key.id}/usage`, 403],
        [`/keys/${key.id}/usage/narrow`, 403],
        [`/clients/${machine.clientId}/usage`, 403],
        ['/workspaces/1/usage', 403],
      ];
      const stranger = formBrowser(server.url);
      for (const [path, status] of refused) {
        const page = await other.get(path);
        expect(page.status, path).to.equal(status);
        if (status === 403) expect(page.text, path).to.match(/Ask one of its owners|your role here does not bring/);
        const away = await stranger.get(path);
        expect([away.status, away.headers.get('Location')]).to.deep.equal([
          303,
          `/login?next=${encodeURIComponent(path)}`,
        ]);
      }
      for (const path of [
        '/keys/999999/usage',
        '/tokens/x/usage',
        '/clients/nobody/usage',
        '/workspaces/999999/usage',
      ]) {
        expect((await browser.get(path)).status, path).to.equal(404);
      }
    });
  });

  describe('of what is held and not used', () => {
    /** Opens the page that asks, and sends its form as it stands. */
    async function narrow(path: string, change: (fields: URLSearchParams) => void = () => {}): Promise<ReadPage> {
      const page = await seen(path);
      const form = page.slice(page.indexOf(`<form method="post" action="${path.split('?')[0]}`));
      const fields = new URLSearchParams();
      for (const [, name = '', value = ''] of form
        .slice(0, form.indexOf('</form>'))
        .matchAll(/name="([^"]+)" value="([^"]*)"/g)) {
        fields.append(name, value);
      }
      change(fields);
      return browser.post(path.split('?')[0] ?? '', fields.toString());
    }

    it('lists it, and narrows a key to what it used: exactly what the page had said', async () => {
      const key = await newKey({ name: HOSTILE, scopes: ['posts:*', 'categories:read'] });
      await call(key.key);
      const usage = await seen(`/keys/${key.id}/usage`);
      expect(usage).to.include('Held and not used in 30 days').and.include('may still be needed');
      const [, unused = ''] = usage.split('id="unused"');
      expect([...unused.matchAll(/<code>([^<]+)<\/code>/g)].map(([, name]) => name)).to.deep.equal([
        'posts:write',
        'posts:delete',
        'categories:read',
      ]);
      const path = `/keys/${key.id}/usage/narrow?unused=30`;
      const asked = await seen(path);
      const listed = (title: string): (string | undefined)[] =>
        [...(asked.split(title)[1]?.split('</section>')[0] ?? '').matchAll(/<code>([^<]+)<\/code>/g)].map(
          ([, name]) => name,
        );
      expect(listed('This goes')).to.deep.equal(['posts:write', 'posts:delete', 'categories:read']);
      expect(listed('This stays')).to.deep.equal(['posts:read']);
      expect(asked).to.include('<code>posts:*</code>, which also covers').and.include(ESCAPED);
      const done = await narrow(path);
      expect([done.status, done.headers.get('Location')]).to.deep.equal([303, `/keys/${key.id}/usage?notice=narrowed`]);
      expect(await scopesOf(key)).to.deep.equal(['posts:read']);
      expect((await call(key.key, 'posts:write')).status).to.equal(403);
      const after = await seen(`/keys/${key.id}/usage?notice=narrowed`);
      expect(after).to.include('Narrowed.').and.include('it used everything that it may do');
      const event = (await api('GET', `/api/audit?action=key.changed&limit=1`)).json as { data: { after: object }[] };
      expect(event.data[0]?.after).to.deep.equal({ scopes: ['posts:read'] });
      expect((await narrow(path)).status, 'a second time there is nothing to take').to.equal(403);
    });

    it('narrows a token as well', async () => {
      const { id, token } = await newToken(['posts:read', 'posts:write']);
      await call(token, 'posts:write');
      const done = await narrow(`/tokens/${id}/usage/narrow?unused=90`);
      expect(done.status, done.text).to.equal(303);
      expect((await call(token, 'posts:write')).status).to.equal(200);
      expect((await call(token, 'posts:read')).status).to.equal(403);
    });

    it('never narrows to nothing, nor what has ended', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write'] });
      expect(await seen(`/keys/${key.id}/usage`))
        .to.include('It used nothing in this time.')
        .and.not.include('narrow?');
      const page = await seen(`/keys/${key.id}/usage/narrow`);
      expect(page).to.include('is never narrowed to nothing').and.not.include('name="kept"');
      await call(key.key);
      await server.composed.flushUsage();
      const asked = await browser.get(`/keys/${key.id}/usage/narrow`);
      await query("UPDATE credentials SET expires_at = now() - interval '1 minute' WHERE id = $1", [key.id]);
      const csrf = tokenOf(asked, `/keys/${key.id}/usage/narrow`);
      const form = new URLSearchParams({ _csrf: csrf, unused: '30', kept: 'posts:read' });
      expect((await browser.post(`/keys/${key.id}/usage/narrow`, form.toString())).status).to.equal(409);
      expect(await seen(`/keys/${key.id}/usage`)).to.not.include('narrow?');
    });

    it('looks back over ninety days when it is asked to', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write'] });
      await call(key.key);
      await query(`INSERT INTO usage_scopes VALUES ($1, 'posts:write', current_date - 45)`, [`credential:${key.id}`]);
      expect(await seen(`/keys/${key.id}/usage`)).to.include('Create and update posts');
      expect(await seen(`/keys/${key.id}/usage?unused=90`)).to.include('it used everything that it may do');
      expect(await seen(`/keys/${key.id}/usage/narrow?unused=90`)).to.include('There is nothing to take');
    });

    it('asks once more where something has changed since the page was opened', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write'] });
      await call(key.key);
      await server.composed.flushUsage();
      const path = `/keys/${key.id}/usage/narrow`;
      const late = await narrow(path, (fields) => fields.set('kept', 'posts:write'));
      expect(late.status).to.equal(409);
      expect(late.text).to.include('Look once more at what would go.');
      expect((await narrow(path, (fields) => fields.delete('granted'))).status).to.equal(409);
      expect(await scopesOf(key)).to.deep.equal(['posts:read', 'posts:write']);
    });

    it('refuses a form of another site or another session, and changes nothing', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write'] });
      await call(key.key);
      const path = `/keys/${key.id}/usage/narrow`;
      expect((await narrow(path, (fields) => fields.set('_csrf', 'x'))).status).to.equal(403);
      const theirs = new URLSearchParams({
        _csrf: tokenOf(await other.get('/account'), '/logout'),
        kept: 'posts:read',
      });
      expect((await other.post(path, theirs.toString())).status).to.equal(403);
      expect(await scopesOf(key)).to.deep.equal(['posts:read', 'posts:write']);
    });
  });
});
