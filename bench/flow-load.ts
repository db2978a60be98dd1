import { authorizationPath, type Cookies, codeVerifier, cookieHeader, type FlowTarget, keepCookies } from './let-in.ts';
import { openPlainConnection, type PlainAnswer, type PlainConnection } from './plain-connection.ts';

/* Whole flows (authorization, code with PKCE, refresh), by so many signed-in browsers at once, in a process of its own; says what came of it as wrk's script does. */
const job = JSON.parse(process.argv[2] ?? '{}') as { target: FlowTarget; browsers: Cookies[]; seconds: number };
const { target } = job;
const { host } = new URL(target.url);
const authorize = `GET ${authorizationPath(target)} HTTP/1.1\r\nHost: ${host}\r\nCookie: `;
const tokenHead = [
  `POST ${target.tokenPath} HTTP/1.1`,
  `Host: ${host}`,
  `Authorization: Basic ${btoa(`${target.clientId}:${target.clientSecret}`)}`,
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Length: ',
].join('\r\n');
const redemption = `grant_type=authorization_code&code_verifier=${codeVerifier}&redirect_uri=${encodeURIComponent(target.redirectUri)}&code=`;

/** A browser and the app behind it, on one connection. */
interface Pair {
  readonly connection: PlainConnection;
  readonly cookies: Cookies;
}

function wrong({ head, body }: PlainAnswer): Error {
  return new Error(`a wrong answer: ${head}\n${body.slice(0, 300)}`);
}

async function token({ connection }: Pair, form: string): Promise<string> {
  const answer = await connection.ask(`${tokenHead}${form.length}\r\n\r\n${form}`);
  const refreshToken = /"refresh_token":"([^"]+)"/.exec(answer.body)?.[1];
  const complete = /"access_token":"[^"]+"/.test(answer.body) && /"id_token":"[^"]+"/.test(answer.body);
  if (answer.status !== 200 || !complete || refreshToken === undefined) throw wrong(answer);
  return refreshToken;
}

async function flow(pair: Pair): Promise<void> {
  const answer = await pair.connection.ask(`${authorize}${cookieHeader(pair.cookies)}\r\n\r\n`);
  const lines = [...answer.head.matchAll(/\r\nset-cookie: ([^\r]*)/gi)].map(([, line = '']) => line);
  keepCookies(pair.cookies, lines);
  const code = /\r\nlocation: [^\r]*[?&]code=([^&\r]+)/i.exec(answer.head)?.[1];
  if (code === undefined || !answer.head.toLowerCase().includes(`\r\nlocation: ${target.redirectUri.toLowerCase()}?`))
    throw wrong(answer);
  const first = await token(pair, redemption + code);
  const second = await token(pair, `grant_type=refresh_token&refresh_token=${first}`);
  if (second === first) throw new Error('a refresh token that was not replaced');
}

const pairs = await Promise.all(
  job.browsers.map(async (cookies): Promise<Pair> => ({ cookies, connection: await openPlainConnection(target.url) })),
);
const durations: number[] = [];
const begun = performance.now();
await Promise.all(
  pairs.map(async (pair) => {
    while (performance.now() - begun < job.seconds * 1000) {
      const started = performance.now();
      await flow(pair);
      durations.push(performance.now() - started);
    }
  }),
);
const microseconds = (performance.now() - begun) * 1000;
for (const { connection } of pairs) connection.close();
durations.sort((left, right) => left - right);
const at = (part: number): number => (durations[Math.floor(durations.length * part)] ?? 0) * 1000;
process.stdout.write(`SLICE ${durations.length} ${microseconds} ${at(0.5)} ${at(0.99)} 0 0\n`);
