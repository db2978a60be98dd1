import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import type { CommandDefinition } from '../../src/cli/command-definition.ts';
import { runLatchkey } from './run-latchkey.ts';

const folder = new URL('../../src/cli/commands/', import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
const commands = await Promise.all(
  files.map(async (name) => {
    const { command } = (await import(new URL(name, folder).href)) as { command: CommandDefinition };
    return command.group === null ? [command.name] : [command.group, command.name];
  }),
);

describe('the help of the command line', () => {
  for (const command of commands) {
    it(`teaches ${command.join(' ')}: purpose, options, examples, exit codes`, async () => {
      const { code, stdout, stderr } = await runLatchkey([...command, '--help']);
      expect(code).to.equal(0);
      expect(stderr).to.equal('');
      expect(stdout)
        .to.include(`Usage: latchkey ${command.join(' ')}`)
        .and.to.include('--json');
      expect(stdout).to.match(/Examples:\n {2}# .+\n {2}\$ (?:[A-Z_]+=\S+ )*latchkey /);
      for (const exitCode of [' 0  ', ' 1  ', ' 2  ', '69  ', '78  ']) expect(stdout).to.include(`\n  ${exitCode}`);
    });
  }

  it('lists every command file at the top', async () => {
    expect(commands.length).to.be.above(25);
    const { code, stdout } = await runLatchkey(['--help']);
    expect(code).to.equal(0);
    for (const [word] of commands) expect(stdout).to.match(new RegExp(`^ {2}${word}\\b`, 'm'));
    expect(stdout).to.include('LATCHKEY_URL').and.to.include('LATCHKEY_TOKEN').and.to.include('cli.json');
  });

  it('prints the version of the package', async () => {
    const { code, stdout } = await runLatchkey(['--version']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe('usage errors', () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['clinet', 'list'], /unknown command 'clinet'[\s\S]*Did you mean client\?/],
    [['client', 'craete'], /unknown command 'craete'[\s\S]*Did you mean create\?/],
    [['client', 'create', '--nmae', 'x', '--name', 'y'], /unknown option '--nmae'[\s\S]*Did you mean --name\?/],
    [['client', 'create'], /required option '--name <name>'/],
    [['bootstrap'], /required option '--email <address>'/],
    [['client', 'show'], /missing required argument 'client_id'/],
    [['client', 'list', 'extra'], /too many arguments/],
    [['client', 'show', '..'], /is not a client_id/],
    [['client', 'show', 'a/../../users'], /is not a client_id/],
    [['client', 'create', '--name', 'x', '--public', '--jwks', 'keys.json'], /not both/],
    [['client', 'create', '--name', 'x', '--jwks', 'absent.json'], /absent\.json can not be read/],
    [['client', 'delete', 'abc'], /Add --yes/],
  ];
  for (const [args, sentence] of cases) {
    it(`end "${args.join(' ')}" with 2 and say ${sentence.source}`, async () => {
      const { code, stdout, stderr } = await runLatchkey(args, { LATCHKEY_TOKEN: 'sk_test_x', PORT: '9' });
      expect(stderr).to.match(sentence);
      expect(code).to.equal(2);
      expect(stdout).to.equal('');
    });
  }

  it('show the list of commands when none is named', async () => {
    const { code, stdout, stderr } = await runLatchkey([]);
    expect(code).to.equal(2);
    expect(stdout).to.equal('');
    expect(stderr).to.include('Usage: latchkey');
  });
});
