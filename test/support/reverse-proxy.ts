import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** A real proxy in front of an API, with the configuration of the documentation. */
export interface ReverseProxy {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where the parts of the documentation's examples are in a test, as `host:port`. */
export interface ProxiedPlaces {
  readonly latchkey: string;
  readonly api: string;
}

/** The proxies whose configurations are documented. */
export type ProxyName = 'nginx' | 'caddy';

/** Tells whether a proxy is installed here. */
export function hasProxy(name: ProxyName): boolean {
  return spawnSync(name, [name === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' }).status === 0;
}

/** Starts a proxy with the configuration that `docs/reverse-proxies.md` shows for it. */
export async function startProxy(name: ProxyName, places: ProxiedPlaces): Promise<ReverseProxy> {
  const folder = await mkdtemp(join(tmpdir(), `latchkey-test-${name}-`));
  const port = await freePort();
  const documented = (await documentedConfiguration(name))
    .replaceAll('127.0.0.1:3000', places.latchkey)
    .replaceAll('127.0.0.1:8080', places.api);
  const { file, parameters } = await SETUPS[name](documented, folder, port);
  await writeFile(join(folder, file), parameters.text);
  const child = spawn(name, parameters.list, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const url = `http://127.0.0.1:${port}`;
  await untilItAnswers(url, child, () => said);
  return {
    url,
    async stop() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The one block of the documentation in a proxy's language. */
async function documentedConfiguration(name: ProxyName): Promise<string> {
  const page = await readFile(new URL('../../docs/reverse-proxies.md', import.meta.url), 'utf8');
  const block = page.split(`\`\`\`${name}\n`)[1]?.split('\n```')[0];
  if (block === undefined) throw new Error(`the documentation shows no configuration for ${name}`);
  return block;
}

interface Setup {
  readonly file: string;
  readonly parameters: { readonly text: string; readonly list: string[] };
}

const SETUPS: Readonly<Record<ProxyName, (documented: string, folder: string, port: number) => Promise<Setup>>> = {
  nginx: async (documented, folder, port) => {
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
      .join('\n');
    const text = `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
access_log off;
${paths}
${documented.replace('listen 80;', `listen 127.0.0.1:${port};`)}
}
`;
    return { file: 'nginx.conf', parameters: { text, list: ['-p', folder, '-c', join(folder, 'nginx.conf')] } };
  },
  caddy: async (documented, folder, port) => {
    const text = `{\n\tadmin off\n\tauto_https off\n}\n${documented.replace(
      'api.example.com {',
      `http://:${port} {\n\tbind 127.0.0.1`,
    )}\n`;
    return {
      file: 'Caddyfile',
      parameters: { text, list: ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')] },
    };
  },
};

async function untilItAnswers(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the proxy ended: ${said()}`);
    if (await fetch(url).catch(() => null)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGTERM');
  throw new Error(`the proxy does not answer: ${said()}`);
}
