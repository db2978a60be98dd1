import { expect } from 'chai';
import { askRaw, basic, ownerToken } from '../support/ask.ts';
import { almightyMachine, startServer, type TestServer } from '../support/start-server.ts';

/** What no answer may contain: a stack, a file, a sentence of the database or of a library. */
const TELLTALE =
  /\n\s+at |node_modules|node:internal|\.[tj]s:\d+|\bpg_|SQLSTATE|syntax error at|invalid (?:byte|input syntax)|TypeError|RangeError|Cannot read|is not a function|\bknex\b|postgres:/i;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE', 'SEARCH', 'QUERY'];

const ROUTES = [
  '/',
  '/verify',
  '/verify?scope=posts:read',
  '/healthz',
  '/readyz',
  '/metrics',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oauth/authorize',
  '/oauth/token',
  '/oauth/par',
  '/oauth/introspect',
  '/oauth/revoke',
  '/oauth/userinfo',
  '/oauth/jwks',
  '/oauth/logout',
  '/oauth/nothing',
  '/api/clients',
  '/api/clients/x',
  '/api/clients/x/secrets',
  '/api/clients/x/secrets/1',
  '/api/scopes',
  '/v1/posts',
  '/v1/posts/1',
  '/nothing',
];

const STRANGE_TAILS = [
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '%c0%ae%c0%ae',
  '..%2f..%2f..%2fetc%2fpasswd',
  '../../../etc/passwd',
  '%2e%2e/',
  '//',
  ';jsessionid=1',
  '\\..\\..',
  '%0d%0aX-Evil:%201',
  '%F0%9F%8E%A7',
  '%ed%a0%80',
  "'%20OR%201=1--",
  '__proto__',
  'constructor/prototype',
  '?__proto__[x]=1&constructor=2',
  '?x=%',
  '?scope=%ff',
  '?scope[]=posts:read',
  '?limit=%00&cursor=%00',
  '?cursor=eyJ9',
  `?${'a&'.repeat(1500)}`,
  `?x=${'%41'.repeat(1500)}`,
  'x'.repeat(4000),
  '#fragment',
  '?',
  '??',
];

const STRANGE_HEADERS = [
  'Authorization: Bearer \u00ff\u00fe',
  'Authorization: Bearer\t x',
  'Authorization: Basic A',
  'Authorization: Basic ////',
  `Authorization: Bearer ${'x'.repeat(9000)}`,
  `Authorization: Bearer oct_${'A'.repeat(43)}`,
  'Cookie: latchkey_session=%00; __proto__=1; =; ;;',
  `Cookie: ${'a=b; '.repeat(1500)}`,
  'Content-Type: application/json; charset=utf-7',
  'Content-Type: application/json;;;',
  'Content-Type: \u00ff',
  'Content-Encoding: gzip',
  'Accept: text/html',
  'Accept: */*;q=x, \u00ff',
  'Accept-Language: \u00ff',
  'Origin: null',
  'Origin: javascript:alert(1)',
  'X-Forwarded-For: \u00ff, ::::, 999.1.1.1',
  'X-Forwarded-Proto: javascript',
  'X-Request-Id: \u00ff',
  'Range: bytes=0-1,-1',
  'If-None-Match: *',
  'Expect: 100-continue',
  'Expect: something-else',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Upgrade: h2c',
  'DPoP: x',
  'OAuth-Client-Attestation: x\r\nOAuth-Client-Attestation-PoP: y',
  'traceparent: 00-0-0-0',
];

const BODIES: readonly (readonly [type: string, body: string])[] = [
  ['application/json', '\0'],
  ['application/json', '"\\ud800"'],
  ['application/json', `{"a":"${'\\u0000'.repeat(10)}"}`],
  ['application/json', `[${'['.repeat(5000)}`],
  ['application/json', '{"a":1e999}'],
  ['application/x-www-form-urlencoded', '%'],
  ['application/x-www-form-urlencoded', 'grant_type=%00&client_id=%00&client_secret=%ff'],
  ['application/x-www-form-urlencoded', 'grant_type=client_credentials&client_id=%ED%A0%80&client_secret=x'],
  ['application/x-www-form-urlencoded', 'grant_type=refresh_token&refresh_token=%00&client_id=x'],
  ['application/x-www-form-urlencoded', 'grant_type=authorization_code&code=%00&code_verifier=%00&redirect_uri=%00'],
  ['application/x-www-form-urlencoded', 'a[b][c]=1&a=2&__proto__=3&__proto__[x]=4'],
  ['application/x-www-form-urlencoded', 'resource=%00&grant_type=client_credentials'],
  ['application/x-www-form-urlencoded', 'client_assertion=a.b.c&client_assertion_type=x&grant_type=client_credentials'],
  [
    'application/x-www-form-urlencoded',
    `client_assertion=${'e30.'.repeat(3)}&grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer`,
  ],
  ['application/x-www-form-urlencoded', `grant_type=client_credentials&scope=${'posts:read '.repeat(3000)}`],
  ['multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
];

describe('odd requests', function () {
  this.timeout(60_000);
  let server: TestServer;
  let host: string;
  let authorizations: readonly string[];

  before(async () => {
    server = await startServer();
    host = new URL(server.issuer).host;
    authorizations = [
      '',
      `Authorization: Bearer ${await ownerToken(server)}\r\n`,
      `Authorization: ${basic(await almightyMachine(server))}\r\n`,
    ];
  });
  after(() => server.stop());

  /** Sends many requests a few at a time; none may be answered with 500, a stack, or nothing at all. */
  async function sendAll(requests: readonly string[]): Promise<void> {
    const queue = [...requests];
    const faults: string[] = [];
    const worker = async (): Promise<void> => {
      for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) {
        const { status, head, body } = await askRaw(server, Buffer.from(bytes, 'latin1'), 5000);
        const fault =
          status === 0 ? 'no answer' : status >= 500 ? `status ${status}` : (TELLTALE.exec(head + body)?.[0] ?? null);
        if (fault !== null) faults.push(`${fault}: ${JSON.stringify(bytes.slice(0, 160))} → ${body.slice(0, 200)}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(faults, `${faults.length} of ${requests.length}`).to.deep.equal([]);
    const { status } = await askRaw(server, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(status).to.equal(200);
  }

  const request = (method: string, path: string, headers = '', body = ''): string =>
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}` +
    `${body === '' ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`}\r\n${body}`;

  it('with every method at every route get an answer that tells nothing', async () => {
    await sendAll(
      METHODS.flatMap((method) =>
        ROUTES.flatMap((path) => authorizations.map((authorization) => request(method, path, authorization))),
      ),
    );
  });

  it('with strange paths and queries get an answer that tells nothing', async () => {
    await sendAll(
      ROUTES.flatMap((path) =>
        STRANGE_TAILS.map((tail) => {
          const [before = '', query] = path.split('?');
          const target = tail.startsWith('?') || tail.startsWith('#') ? before + tail : `${before}/${tail}`;
          return request('GET', query === undefined ? target : `${target}?${query}`, authorizations[1]);
        }),
      ),
    );
  });

  it('with strange headers get an answer that tells nothing', async () => {
    await sendAll(ROUTES.flatMap((path) => STRANGE_HEADERS.map((header) => request('GET', path, `${header}\r\n`))));
  });

  it('with strange bodies get an answer that tells nothing', async () => {
    await sendAll(
      ['POST', 'PATCH', 'PUT'].flatMap((method) =>
        ROUTES.flatMap((path) =>
          BODIES.flatMap(([type, body]) =>
            authorizations
              .slice(1)
              .map((authorization) => request(method, path, `${authorization}Content-Type: ${type}\r\n`, body)),
          ),
        ),
      ),
    );
  });

  it('that are no HTTP at all are refused or dropped, and the next one is answered', async () => {
    const garbage = [
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET http://evil.example/verify?scope=posts:read HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      'GET /verify?scope=posts:read HTTP/1.1\r\n\r\n',
      'GET /verify?scope=posts:read HTTP/1.0\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/clients HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      'POST /api/clients HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ];
    for (const bytes of garbage) {
      const { status, head, body } = await askRaw(server, Buffer.from(bytes, 'latin1'), 1000);
      expect(status < 500, JSON.stringify(bytes.slice(0, 60))).to.equal(true);
      expect(head + body).to.not.match(TELLTALE);
    }
    const { status } = await askRaw(server, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(status).to.equal(200);
  });

  it('sent one after the other in one breath are answered one by one (pipelining)', async () => {
    const one = `GET /verify?scope=posts:read HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const { head, body } = await askRaw(
      server,
      `${one + one}GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect((head + body).match(/HTTP\/1\.1 401/g)).to.have.length(2);
    expect((head + body).match(/HTTP\/1\.1 200/g)).to.have.length(1);
  });
});
