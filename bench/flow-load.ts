import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { authorizationPath, type Cookies, codeVerifier, cookieHeader, type FlowTarget, keepCookies } from './let-in.ts';

/* Whole flows (authorization, code with PKCE, refresh), by so many signed-in browsers at once, in a process of its own; says what came of it as wrk's script does. */
const job = JSON.parse(process.argv[2] ?? '{}') as { target: FlowTarget; browsers: Cookies[]; seconds: number };
const { target } = job;
const { hostname, port } = new URL(target.url);
const agent = new Agent({ keepAlive: true });
const form = {
  Authorization: `Basic ${btoa(`${target.clientId}:${target.clientSecret}`)}`,
  'Content-Type': 'application/x-www-form-urlencoded',
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
    const asked = request({ hostname, port, agent, method, path, headers: { ...headers, ...length } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

async function token(fields: Record<string, string>): Promise<string> {
  const { status, text } = await ask('POST', target.tokenPath, form, new URLSearchParams(fields).toString());
  const { refresh_token: refreshToken, access_token: accessToken } = JSON.parse(text) as Record<string, string>;
  if (status !== 200 || accessToken === undefined || refreshToken === undefined) throw new Error(`${status} ${text}`);
  return refreshToken;
}

async function flow(cookies: Cookies): Promise<void> {
  const { status, headers, text } = await ask('GET', authorizationPath(target), { Cookie: cookieHeader(cookies) });
  keepCookies(cookies, headers['set-cookie'] ?? []);
  const code = URL.parse(headers.location ?? '')?.searchParams.get('code') ?? null;
  if (code === null) throw new Error(`no code: ${status} ${headers.location ?? text.slice(0, 300)}`);
  const redirect = { redirect_uri: target.redirectUri };
  const first = await token({ grant_type: 'authorization_code', code, code_verifier: codeVerifier, ...redirect });
  await token({ grant_type: 'refresh_token', refresh_token: first });
}

const durations: number[] = [];
const begun = performance.now();
await Promise.all(
  job.browsers.map(async (cookies) => {
    while (performance.now() - begun < job.seconds * 1000) {
      const started = performance.now();
      await flow(cookies);
      durations.push(performance.now() - started);
    }
  }),
);
const microseconds = (performance.now() - begun) * 1000;
durations.sort((left, right) => left - right);
const at = (part: number): number => (durations[Math.floor(durations.length * part)] ?? 0) * 1000;
process.stdout.write(`SLICE ${durations.length} ${microseconds} ${at(0.5)} ${at(0.99)} 0 0\n`);
agent.destroy();
