import { expect } from 'chai';
import { runLatchkey, startStandIn } from './run-latchkey.ts';

const key = {
  kid: 'k1',
  alg: 'ES256',
  status: 'waiting',
  created_at: '2030-01-01T00:00:00.000Z',
  active_from: '2030-01-01T00:05:00.000Z',
  retires_at: null,
};

describe('latchkey signing-keys', () => {
  it('lists the keys as a table, and as the API says it with --json', async () => {
    await using server = await startStandIn(() => ({ status: 200, body: { data: [key], next: null } }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: 'sk_test_0123456789abcdefghijklmnopqrstuv' };
    const human = await runLatchkey(['signing-keys', 'list'], env);
    expect(human.stdout).to.equal(
      'KID  ALG    STATUS   ACTIVE_FROM               RETIRES_AT\nk1   ES256  waiting  2030-01-01T00:05:00.000Z  -\n',
    );
    const program = await runLatchkey(['signing-keys', 'list', '--json'], env);
    expect(JSON.parse(program.stdout)).to.deep.equal({ data: [key], next: null });
    expect(server.seen[0]?.path).to.match(/^\/api\/signing-keys(\?|$)/);
  });

  it('rotates, and says how urgent it is only when told', async () => {
    await using server = await startStandIn(() => ({ status: 200, body: key }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: 'sk_test_0123456789abcdefghijklmnopqrstuv' };
    for (const flags of [[], ['--immediately'], ['--withdraw']]) {
      const { code, stdout } = await runLatchkey(['signing-keys', 'rotate', ...flags, '--json'], env);
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal(key);
    }
    expect(server.seen.map(({ method, path, body }) => [method, path, JSON.parse(body)])).to.deep.equal([
      ['POST', '/api/signing-keys/rotate', {}],
      ['POST', '/api/signing-keys/rotate', { immediately: true }],
      ['POST', '/api/signing-keys/rotate', { withdraw: true }],
    ]);
  });

  it('ends with 1 and the reason when a rotation is under way', async () => {
    await using server = await startStandIn(() => ({ status: 409, body: { message: 'A rotation is under way.' } }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: 'sk_test_0123456789abcdefghijklmnopqrstuv' };
    const { code, stderr } = await runLatchkey(['signing-keys', 'rotate'], env);
    expect(code).to.equal(1);
    expect(stderr).to.include('A rotation is under way.');
  });
});
