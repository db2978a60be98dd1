import { expect } from 'chai';
import { type FormBrowser, formBrowser, tokenOf } from '../pages/support/form-browser.ts';
import { type PagesServer, passwordOfAll, startPagesServer } from '../pages/support/pages-server.ts';
import { consentRequest, signInRequest } from '../pages/support/stand-in-interactions.ts';

const credentials = { email: 'ada@northwind.example', password: passwordOfAll };
const body = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

/** Stands for the path of a link that works. */
const LINK = '/set-password/:token';

describe('forms', () => {
  let server: PagesServer;
  let ada: FormBrowser;
  let link: string;

  before(async () => {
    server = await startPagesServer();
    const { id } = await server.person(credentials.email);
    await server.person('eve@northwind.example');
    server.interactions.pending.set('sign', signInRequest('sign', { mustReauthenticate: true }));
    server.interactions.pending.set('ask', consentRequest('ask', id));
    link = await server.linkFor(credentials.email);
  });
  after(() => server.stop());
  beforeEach(async () => {
    ada = formBrowser(server.url);
    await ada.submit('/login', '/login', credentials);
  });

  const visitorForms: readonly (readonly [page: string, path: string])[] = [
    ['/interaction/sign', '/interaction/sign/sign-in'],
    [LINK, LINK],
    ['/forgot-password', '/forgot-password'],
  ];
  const personForms: readonly (readonly [page: string, path: string])[] = [
    ['/interaction/ask', '/interaction/ask/consent'],
    ['/change-password', '/change-password'],
    ['/', '/logout'],
  ];

  for (const [formPage, target] of [...visitorForms, ...personForms]) {
    it(`refuses ${target} without the token, with another browser's, and from another origin`, async () => {
      const [page, path] = [formPage, target].map((one) => (one === LINK ? link : one)) as [string, string];
      const eve = formBrowser(server.url);
      await eve.submit('/login', '/login', { email: 'eve@northwind.example', password: passwordOfAll });
      const own = tokenOf(await ada.get(page), path);
      const foreignPage = path.endsWith('consent') ? ['/', '/logout'] : [page, path];
      const foreign = tokenOf(await eve.get(foreignPage[0] ?? ''), foreignPage[1] ?? '');
      const refusals = [
        await ada.post(path, ''),
        await ada.post(path, body({ _csrf: '' })),
        await ada.post(path, body({ _csrf: foreign })),
        await ada.post(path, body({ _csrf: `${own}A` })),
        await ada.post(path, body({ _csrf: own }), { Origin: 'https://evil.example' }),
        await ada.post(path, body({ _csrf: own }), { Origin: 'null' }),
        await ada.post(path, body({ _csrf: own }), { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }),
        await ada.post(path, body({ _csrf: own }), { Origin: '', 'Sec-Fetch-Site': 'same-site' }),
      ];
      expect(refusals.map(({ status }) => status)).to.deep.equal(refusals.map(() => 403));
      expect(refusals[0]?.text).to.include('open for too long or came from another site');
      const accepted = await ada.post(path, body({ _csrf: own }), { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' });
      expect(accepted.status, 'the own one, from a browser that hides its origin').to.not.equal(403);
    });
  }

  it('guards sign-in, so that nobody is signed in as somebody else', async () => {
    const victim = formBrowser(server.url);
    const eve = formBrowser(server.url);
    const token = tokenOf(await eve.get('/login'), '/login');
    await victim.get('/login');
    for (const answer of [
      await victim.post('/login', body(credentials)),
      await victim.post('/login', body({ ...credentials, _csrf: token })),
    ]) {
      expect(answer.status).to.equal(403);
    }
    expect(victim.cookies.has('latchkey_session')).to.equal(false);
    expect((await formBrowser(server.url).post('/login', body({ ...credentials, _csrf: token }))).status).to.equal(403);
  });

  it('does not take the token of a visitor for that of a person', async () => {
    const token = tokenOf(await ada.get('/forgot-password'), '/forgot-password');
    expect((await ada.post('/logout', body({ _csrf: token }))).status).to.equal(403);
  });

  it('lets a token die with its session', async () => {
    const token = tokenOf(await ada.get('/change-password'), '/change-password');
    await ada.submit('/', '/logout', {});
    await ada.submit('/login', '/login', credentials);
    expect((await ada.post('/change-password', body({ _csrf: token }))).status).to.equal(403);
  });

  it('offers a way back to the page, and to no other site', async () => {
    const refused = await ada.post('/logout', '', { Referer: `${server.url}/change-password?a=1&b="` });
    expect(refused.text).to.include(`href="${server.url}/change-password?a=1&amp;b=%22"`);
    const foreign = await ada.post('/logout', '', { Referer: 'https://evil.example/x' });
    expect(foreign.text).to.not.include('evil.example');
  });

  it('refuses a sign-out that another site sends, as form or without a body', async () => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'https://evil.example', 'Content-Type': 'text/plain' },
      { Origin: 'https://evil.example', 'Content-Type': 'application/json' },
    ]) {
      expect((await ada.post('/logout', '', headers)).status).to.equal(403);
    }
    expect((await ada.get('/')).text).to.include('Sign out');
  });

  it('refuses bodies that are no form of ours: repeated, NUL, broken, too large, of another type', async () => {
    const visitor = formBrowser(server.url);
    const _csrf = tokenOf(await visitor.get('/login'), '/login');
    const good = body({ ...credentials, _csrf });
    expect((await visitor.post('/login', `${good}&email=eve%40northwind.example`)).status).to.equal(400);
    expect((await visitor.post('/login', `${good}&a=%00`)).status).to.equal(400);
    expect((await visitor.post('/login', `${good}&a=%zz`)).status).to.equal(400);
    expect((await visitor.post('/login', `${good}&a=%ff`)).status).to.equal(400);
    expect((await visitor.post('/login', `${good}&a=${'x'.repeat(65_536)}`)).status).to.equal(413);
    expect((await visitor.post('/login', good, { 'Content-Type': 'text/plain' })).status).to.equal(415);
    expect((await visitor.post('/login', good, { 'Content-Encoding': 'gzip' })).status).to.equal(415);
    expect((await visitor.post('/login', good)).status).to.equal(303);
  });
});
