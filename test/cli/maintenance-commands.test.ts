import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Run } from './run-latchkey.ts';

const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** Runs the command line on a database that is described in a few lines; the real one has its own tests. */
async function runWith(maintenance: string, args: readonly string[]): Promise<Run> {
  const script = `
    import { main } from ${source('cli/main.ts')};
    import { ConfigurationError, DependencyDown, InvalidInput } from ${source('core/errors.ts')};
    const closed = async () => { console.error('closed'); };
    const opens = (work) => async () => ({ openForMaintenance: async () => ({ ...work, close: closed }), runServer: work.runServer });
    process.exitCode = await main(${JSON.stringify(args)}, { version: '0', loadMaintenance: opens(${maintenance}) });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

describe('the commands that work on the database', () => {
  it('print what migrate applied, and close the database', async () => {
    const { code, stdout, stderr } = await runWith(`{ migrate: async () => ['0001_a', '0002_b'] }`, ['migrate']);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'applied  0001_a\napplied  0002_b\n' });
    expect(stderr).to.include('closed');
  });

  it('change nothing for migrate --status', async () => {
    const work = `{ status: async () => ({ applied: ['0001_a'], pending: ['0002_b'] }), migrate: () => { throw new Error('no') } }`;
    const { code, stdout } = await runWith(work, ['migrate', '--status', '--json']);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal({ applied: ['0001_a'], pending: ['0002_b'] });
  });

  it('print the rows that prune deleted', async () => {
    const { stdout } = await runWith(`{ prune: async () => ({ oauth_artifacts: 12 }) }`, ['prune']);
    expect(stdout).to.equal('TABLE            DELETED\noauth_artifacts  12\n');
  });

  it('hand e-mail and name to bootstrap, and print the password on standard output only', async () => {
    const work = `{ bootstrap: async ({ email, name }) => ({ email, created: true, password: 'pw-' + name }) }`;
    const { stdout, stderr } = await runWith(work, ['bootstrap', '--email', 'ada@example.com', '--name', 'Ada']);
    expect(stdout).to.equal('e-mail:    ada@example.com\npassword:  pw-Ada\n');
    expect(stderr).to.include('not shown again').and.not.to.include('pw-Ada');
  });

  it('end with 78 and every fault when the configuration is refused, serve included', async () => {
    const fault = (code: string): string => `{ code: '${code}', message: 'This is wrong.', fix: 'Do that.' }`;
    const refuse = `async () => { throw new ConfigurationError([${fault('ONE')}, ${fault('TWO')}]) }`;
    for (const [work, command] of [
      [`{ migrate: ${refuse} }`, 'migrate'],
      [`{ runServer: ${refuse} }`, 'serve'],
    ] as const) {
      const { code, stderr } = await runWith(work, [command]);
      expect(code).to.equal(78);
      expect(stderr).to.include('  ONE: This is wrong. Do that.\n  TWO: This is wrong. Do that.\n');
    }
  });

  it('end with 69 when the database does not answer, and close what was opened', async () => {
    const { code, stderr } = await runWith(`{ prune: async () => { throw new DependencyDown('PostgreSQL') } }`, [
      'prune',
    ]);
    expect(code).to.equal(69);
    expect(stderr).to.include('PostgreSQL does not answer').and.to.include('closed');
  });

  it('end with 1 for input that is refused', async () => {
    const work = `{ bootstrap: async () => { throw new InvalidInput({ email: ['Not an address.'] }) } }`;
    const { code, stderr } = await runWith(work, ['bootstrap', '--email', 'x']);
    expect(code).to.equal(1);
    expect(stderr).to.include('email: Not an address.');
  });

  it('end with 1 and no stack trace when something unforeseen happens', async () => {
    const { code, stderr } = await runWith(`{ prune: async () => { throw new RangeError('odd') } }`, ['prune']);
    expect(code).to.equal(1);
    expect(stderr)
      .to.include('RangeError: odd')
      .and.not.to.match(/\n\s+at /);
  });
});
