import { connect } from 'node:net';
import { expect } from 'chai';
import { askJson, basic, ownerToken } from '../support/ask.ts';
import { type MachineLogin, startServer, type TestServer } from '../support/start-server.ts';

const FORM = 'application/x-www-form-urlencoded';

describe('an introspection as it comes over the wire', () => {
  let server: TestServer;
  let key: string;
  let asker: MachineLogin;

  before(async () => {
    server = await startServer();
    const owner = await ownerToken(server);
    const client = (await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'API',
      grant_types: ['client_credentials'],
      resource_server: true,
    })) as { json: Record<string, string> };
    asker = { clientId: client.json.client_id ?? '', clientSecret: client.json.client_secret ?? '' };
    const made = await askJson(server, 'POST', '/api/keys', owner, { name: 'Key', scopes: ['posts:read'] });
    key = (made.json as { key: string }).key;
  });
  after(() => server.stop());

  /** Writes a request in the given pieces, each in a packet of its own, and reads to the end. */
  function send(pieces: readonly string[]): Promise<string> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.setNoDelay(true);
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.once('close', () => resolve(answer));
      socket.once('error', reject);
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece);
          await new Promise((next) => setTimeout(next, 10));
        }
      })();
    });
  }

  function head(headers: Readonly<Record<string, string>>): string {
    const all = {
      Host: new URL(server.issuer).host,
      Authorization: basic(asker),
      'Content-Type': FORM,
      Connection: 'close',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return `POST /oauth/introspect HTTP/1.1\r\n${lines.join('')}\r\n`;
  }

  it('has the headers of every other answer', async () => {
    const body = `token=${key}`;
    const answer = await send([head({ 'Content-Length': String(body.length), 'X-Request-Id': 'mine-1234' }), body]);
    expect(answer).to.match(/^HTTP\/1\.1 200 OK\r\n/);
    for (const line of [
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: DENY',
      'Referrer-Policy: no-referrer',
      'X-Request-Id: mine-1234',
      'Cache-Control: no-store',
      'Content-Type: application/json; charset=utf-8',
    ]) {
      expect(answer).to.include(`\r\n${line}\r\n`);
    }
    expect(answer).to.include('{"active":true,"scope":"posts:read","credential_type":"api_key"');
  });

  it('may come in pieces, of a length that was not announced', async () => {
    const half = key.slice(0, 12);
    const rest = key.slice(12);
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const answer = await send([
      head({ 'Transfer-Encoding': 'chunked' }),
      chunk('token='),
      chunk(half),
      chunk(rest),
      '0\r\n\r\n',
    ]);
    expect(answer).to.include('{"active":true');
  });

  it('is refused as the others are when it is too long, repeats a field, or says what nobody can read', async () => {
    const long = `token=${'a'.repeat(70_000)}`;
    const pieces = (body: string): string[] => [head({ 'Content-Length': String(body.length) }), body];
    for (const body of [`token=${key}&token=${key}`, 'token=%zz', 'token=a%00b', long]) {
      const answer = await send(pieces(body));
      expect(answer, body.slice(0, 40)).to.match(/^HTTP\/1\.1 400 /);
      expect(answer).to.include('"error":"invalid_request"');
    }
    const chunked = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`;
    expect(await send([head({ 'Transfer-Encoding': 'chunked' }), chunked])).to.match(/^HTTP\/1\.1 400 /);
  });

  it('leaves the server as it was when the caller hangs up in the middle', async () => {
    const { hostname, port } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`${head({ 'Content-Length': '1000' })}token=`);
        setTimeout(() => socket.destroy(), 20);
      });
      socket.once('close', () => resolve());
    });
    const body = `token=${key}`;
    expect(await send([head({ 'Content-Length': String(body.length) }), body])).to.include('{"active":true');
  });

  it('is sent to another host than the issuer in vain', async () => {
    const body = `token=${key}`;
    const answer = await send([head({ Host: 'elsewhere.example', 'Content-Length': String(body.length) }), body]);
    expect(answer).to.match(/^HTTP\/1\.1 421 /);
  });
});
