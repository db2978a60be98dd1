import { bearer } from './cases.ts';
import { requireRight } from './check-answers.ts';
import { benchPassword } from './fill-database.ts';
import type { LoadDriver, Slice } from './load.ts';
import type { PinnedProcess } from './pinned-process.ts';
import type { BenchInstallation } from './prepare-installation.ts';
import { type Measured, median, newMeasured } from './report.ts';

const SIGN_INS = 50;
const CONNECTIONS = 16;
const NAME = 'verify API key';

/** What moments are measured with. */
export interface MomentDeps {
  readonly driver: LoadDriver;
  readonly installation: BenchInstallation;
  readonly repetitions: number;
  readonly seconds: number;
}

/**
 * Asks about 1,000 different keys right after a start, all at once, and then again. A bcrypt comparison would take 50 ms
 * each; here their stored hashes match nothing, so that each right answer shows that none was made.
 */
export async function measureFirstUse({ installation, repetitions }: MomentDeps): Promise<Measured> {
  const measured = newMeasured('first use of 1,000 keys after a start', 'the same keys again', 0.9, CONNECTIONS);
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const server = await installation.startServer();
    try {
      // The code is warm, the keys are not: what is asked about here is somebody else's.
      await askAbout(server.url, installation.filled.personalAccessTokens);
      await askAbout(server.url, installation.filled.clientTokens);
      const firstMs = await askAbout(server.url, installation.filled.apiKeys);
      const laterMs: number[] = [];
      for (let again = 0; again < 3; again += 1) laterMs.push(await askAbout(server.url, installation.filled.apiKeys));
      const answers = installation.filled.apiKeys.length;
      const nothing = { p50Ms: 0, p99Ms: 0, serverIdle: 0, loadIdle: 0, cpuSeconds: server.cpuSeconds(), lagMs: 0 };
      measured.slices.push({
        ...nothing,
        answers,
        perSecond: (answers / firstMs) * 1000,
        ratio: median(laterMs) / firstMs,
      });
      measured.residentBytes = server.residentBytes();
    } finally {
      await server.stop();
    }
  }
  return measured;
}

/** Asks about each credential once, over a few connections; gives the time it took, milliseconds. */
async function askAbout(url: string, credentials: readonly string[]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    for (let credential = credentials[next++]; credential !== undefined; credential = credentials[next++]) {
      const { path, headers } = bearer(credential);
      const answer = await fetch(url + path, { headers });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`first use: ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return performance.now() - started;
}

/** Measures how long a verification takes at half load, alone and while people sign in by password, one pair after the other. */
export async function measureSignIns(deps: MomentDeps, server: PinnedProcess): Promise<Measured> {
  const { driver, installation, repetitions, seconds } = deps;
  const load = driver.write('half load', installation.filled.apiKeys.map(bearer));
  const full = await driver.run(load, server.url, { connections: CONNECTIONS, seconds });
  // As many connections as make half of that when each of them waits a while after every answer.
  const connections = 64;
  const pressure = { connections, seconds, pauseMs: Math.max(1, connections / (full.requestsPerSecond / 2 / 1000)) };
  const measured = newMeasured(
    `p99 of /verify at half load, ${SIGN_INS} signing in`,
    'the same without',
    2,
    connections,
    'less',
  );
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const calm = right(await driver.run(load, server.url, pressure));
    const cpu = server.cpuSeconds();
    const signingIn = signIn(server.url);
    const busy = right(await driver.run(load, server.url, pressure));
    await signingIn.stop();
    const { requestsPerSecond: perSecond, p50Ms, p99Ms, answers } = busy;
    const idle = { serverIdle: 0, loadIdle: 0, cpuSeconds: server.cpuSeconds() - cpu, lagMs: 0 };
    measured.slices.push({ perSecond, p50Ms, p99Ms, answers, ratio: p99Ms / calm.p99Ms, ...idle });
  }
  measured.residentBytes = server.residentBytes();
  return measured;
}

function right(slice: Slice): Slice {
  requireRight({ name: NAME, status: 200 }, slice);
  return slice;
}

/** Lets so many people sign in by password at once, and again as soon as they are, until it is stopped. */
function signIn(url: string): { stop(): Promise<void> } {
  let going = true;
  const people = Array.from({ length: SIGN_INS }, async (_, index) => {
    while (going) {
      const answer = await fetch(`${url}/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: `bench${index + 1}@example.org`, password: benchPassword }),
      });
      await answer.arrayBuffer();
      // 503 and 429 say that too many wait already, which is how the others are kept out of it.
      if (![200, 201, 429, 503].includes(answer.status)) throw new Error(`signing in: ${answer.status}`);
    }
  });
  return {
    stop: async () => {
      going = false;
      await Promise.all(people);
    },
  };
}
