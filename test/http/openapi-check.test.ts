import { expect } from 'chai';
import { answerChecker } from '../support/check-answer.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('the check of answers against the description', () => {
  let server: TestServer;
  let check: ReturnType<typeof answerChecker>;

  before(async () => {
    server = await startServer();
    check = answerChecker(server.composed.apiDescription);
  });
  after(() => server.stop());

  const json = (method: string, path: string, status: number, body: unknown): string | null =>
    check({ method, path, status, contentType: 'application/json; charset=utf-8', text: JSON.stringify(body) });
  const key = {
    id: 7,
    name: 'Mobile app',
    scopes: ['posts:read'],
    workspace_id: 1,
    hint: 'sk_live_12345678…',
    created_at: '2026-01-31T12:00:00.000Z',
    expires_at: null,
    last_used_at: null,
    last_used_address: null,
    rate_limit_tier: null,
    environment: 'live',
    created_by: 1,
    state: 'active',
    replaces: null,
    replaced_by: null,
  };

  it('accepts what is described', () => {
    expect(json('GET', '/api/keys/7', 200, key)).to.equal(null);
    expect(json('GET', '/api/keys?limit=1', 200, { data: [key], next: null })).to.equal(null);
    expect(json('GET', '/api/keys/7', 404, { message: 'Not found.' })).to.equal(null);
    expect(json('POST', '/api/nothing', 404, { message: 'Not found.' })).to.equal(null);
    expect(check({ method: 'DELETE', path: '/api/keys/7', status: 204, contentType: null, text: '' })).to.equal(null);
  });

  it('refuses an undeclared member, a missing one, another type', () => {
    expect(json('GET', '/api/keys/7', 200, { ...key, key_hash: 'x' })).to.include('key_hash');
    expect(json('GET', '/api/keys', 200, { data: [{ ...key, key_hash: 'x' }], next: null })).to.include('key_hash');
    const { hint: _hint, ...without } = key;
    expect(json('GET', '/api/keys/7', 200, without)).to.include('hint');
    expect(json('GET', '/api/keys/7', 200, { ...key, id: '7' })).to.include('/id');
    expect(json('GET', '/api/keys/7', 403, { message: 'No.', detail: 'x' })).to.include('detail');
  });

  it('refuses an undeclared status, call, body or media type', () => {
    expect(json('GET', '/api/keys/7', 418, {})).to.equal('the status is not described');
    expect(json('GET', '/api/nothing', 200, {})).to.equal('the call is not described');
    expect(json('DELETE', '/api/keys/7', 204, {})).to.equal('it should have no body');
    expect(check({ method: 'GET', path: '/api/keys/7', status: 200, contentType: 'text/html', text: '' })).to.equal(
      'the body is not JSON',
    );
  });
});
