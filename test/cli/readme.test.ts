import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Command } from 'commander';
import type { CommandDefinition } from '../../src/cli/command-definition.ts';
import { freePort } from '../support/free-port.ts';
import { freshDatabase } from '../support/test-database.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'README.md'), 'utf8');

/** A piece of the README for a shell, and what the README shows as its output. */
interface Example {
  readonly script: string;
  readonly shown: { readonly language: string; readonly content: string } | null;
}

/** What a piece did. */
interface Outcome {
  readonly stdout: string;
  /** The command that failed, with its exit code; empty when none did. */
  readonly failed: string;
}

const fences = (markdown: string): { language: string; content: string }[] =>
  [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', content = '']) => ({
    language,
    content,
  }));

/** Every shell block but the one that installs; a block of output belongs to the shell block before it. */
function examplesOf(markdown: string): readonly Example[] {
  const blocks = fences(markdown);
  return blocks.flatMap(({ language, content }, index) => {
    if (language !== 'sh' || content.includes('npm ci')) return [];
    const next = blocks[index + 1];
    const shown = next !== undefined && ['json', 'text'].includes(next.language) ? next : null;
    return [{ script: content, shown }];
  });
}

/** A folder that looks like the checkout, without its data. */
async function checkout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-readme-'));
  for (const name of ['bin', 'src', 'node_modules', 'migrations', 'views']) {
    await symlink(join(root, name), join(folder, name));
  }
  for (const name of ['package.json', 'scopes.yaml']) await cp(join(root, name), join(folder, name));
  await mkdir(join(folder, 'data'), { mode: 0o700 });
  return folder;
}

/** A server as `npm start` runs it, in that folder. */
async function startAsDocumented(folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      PORT: String(port),
      DATABASE_URL: await freshDatabase(),
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(`http://localhost:${port}/readyz`).catch(() => null);
    if (answer?.status === 200) return child;
    if (child.exitCode !== null) throw new Error(`the server ended: ${said}`);
    await sleep(100);
  }
  throw new Error(`the server did not come up: ${said}`);
}

/** Runs all pieces in one shell, one after the other, as a person pastes them. */
async function paste(folder: string, examples: readonly Example[]): Promise<Outcome[]> {
  const script = [
    'set -uo pipefail',
    'trap \'failed="$? from $BASH_COMMAND"\' ERR',
    ...examples.map(({ script }) => `failed=\n${script}\nprintf '\\n@@failed %s@@end\\n' "$failed"`),
  ].join('\n');
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      npm_config_update_notifier: 'false',
      npm_config_offline: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const outcomes = [...stdout.matchAll(/([\s\S]*?)\n@@failed ([\s\S]*?)@@end\n/g)];
  expect(outcomes, stderr).to.have.length(examples.length);
  return outcomes.map(([, output = '', failed = '']) => ({
    stdout: output.trim(),
    failed: failed === '' ? '' : `${failed}\n${stderr}`,
  }));
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*')}$`,
  );

/** Compares with what is shown: `…` stands for anything, and a member named `…` for further members. */
function expectShown(actual: unknown, shown: unknown, where = 'the answer'): void {
  if (typeof shown === 'string') {
    if (shown !== '…') expect(actual, where).to.match(wildcard(shown));
  } else if (Array.isArray(shown)) {
    expect(actual, where).to.be.an('array').with.length(shown.length);
    for (const [index, item] of shown.entries()) expectShown((actual as unknown[])[index], item, `${where}[${index}]`);
  } else if (typeof shown === 'object' && shown !== null) {
    const open = '…' in shown;
    const members = Object.entries(shown).filter(([name]) => name !== '…');
    const names = members.map(([name]) => name);
    if (open) expect(actual, where).to.include.keys(...names);
    else expect(actual, where).to.have.all.keys(...names);
    for (const [name, value] of members) {
      expectShown((actual as Record<string, unknown>)[name], value, `${where}.${name}`);
    }
  } else {
    expect(actual, where).to.equal(shown);
  }
}

/** Every command with its options in their order, as the program declares them; `--json` and `--help` go without saying. */
async function commandsAndOptions(): Promise<string[][]> {
  const folder = join(root, 'src/cli/commands');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
  return Promise.all(
    names.map(async (name) => {
      const { command } = (await import(join(folder, name))) as { command: CommandDefinition };
      const declared = new Command();
      command.configure?.(declared);
      const options = declared.options.map(({ long }) => long ?? '');
      return [command.group === null ? command.name : `${command.group} ${command.name}`, ...options.sort()];
    }),
  );
}

describe('the README', function () {
  this.timeout(120_000);
  let folder: string;
  let server: ChildProcess;
  let url: string;
  let examples: readonly Example[];
  let outcomes: readonly Outcome[];

  before(async () => {
    folder = await checkout();
    const port = await freePort();
    url = `http://localhost:${port}`;
    server = await startAsDocumented(folder, port);
    examples = examplesOf(page.replaceAll('http://localhost:3000', url));
    const last = { script: 'printf "%s" "$API_KEY"', shown: null };
    outcomes = await paste(folder, [...examples, last]);
  });

  after(async () => {
    const ended = once(server, 'close');
    server.kill('SIGTERM');
    await ended;
    expect(server.exitCode).to.equal(0);
    await rm(folder, { recursive: true, force: true });
  });

  for (const [index, { script }] of examplesOf(page).entries()) {
    it(`has commands that work: ${script.split('\n')[0]?.slice(0, 90)}`, () => {
      const [example, outcome] = [examples[index], outcomes[index]];
      expect(outcome?.failed).to.equal('');
      if (example === undefined || example.shown === null || outcome === undefined) return;
      const { language, content } = example.shown;
      if (language === 'json') return expectShown(JSON.parse(outcome.stdout), JSON.parse(content));
      const lines = outcome.stdout.split(/\r?\n/);
      for (const line of content.trim().split('\n')) {
        expect(
          lines.some((said) => wildcard(line).test(said)),
          `${line}\nis not in\n${outcome.stdout}`,
        ).to.equal(true);
      }
    });
  }

  it('has a program that is protected as it says', async () => {
    const code = fences(page).find(
      ({ language, content }) => language === 'js' && content.includes('protect('),
    )?.content;
    const program = (code ?? '')
      .replaceAll('http://localhost:3000', url)
      .replace("'latchkey/express'", JSON.stringify(join(root, 'src/resource-server/express.ts')));
    await writeFile(join(folder, 'api.mjs'), program);
    const apiPort = await freePort();
    const api = spawn(process.execPath, ['api.mjs'], {
      cwd: folder,
      env: { API_PORT: String(apiPort), API_KEY: outcomes.at(-1)?.stdout ?? '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      const { token } = JSON.parse(await readFile(join(folder, 'data/cli.json'), 'utf8'));
      const post = async (credential: string): Promise<Response> => {
        for (let tries = 0; tries < 100; tries += 1) {
          const answer = await fetch(`http://localhost:${apiPort}/posts`, {
            method: 'POST',
            headers: { Authorization: `Bearer ${credential}` },
          }).catch(() => null);
          if (answer !== null) return answer;
          await sleep(50);
        }
        throw new Error('the program did not come up');
      };
      const allowed = await post(token);
      expect(allowed.status).to.equal(200);
      expect(await allowed.json()).to.deep.equal({ by: { type: 'user', id: 1 } });
      expect((await post('nothing')).status).to.equal(401);
    } finally {
      const ended = once(api, 'close');
      api.kill();
      await ended;
    }
  });

  it('names every command with its options, and no other', async () => {
    const rows = [...page.matchAll(/^\| `latchkey ([^`]+)` \|/gm)].map(([, line = '']) => line.replaceAll('\\|', '|'));
    const named = rows.map((line) => {
      const words = /^[a-z-]+(?: [a-z][a-z-]*)?/.exec(line)?.[0] ?? '';
      return [words, ...[...line.matchAll(/--[a-z-]+/g)].map(([option]) => option).sort()].join(' ');
    });
    const declared = (await commandsAndOptions()).map((words) => words.join(' '));
    expect(named.toSorted()).to.deep.equal(declared.toSorted());
  });

  it('leads to pages that exist', async () => {
    const links = [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^https?:/.test(link));
    expect(links.length).to.be.above(10);
    expect(links.filter((link) => !existsSync(join(root, link)))).to.deep.equal([]);
  });
});
