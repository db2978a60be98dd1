import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { newPerson, registerApp } from '../support/app-under-test.ts';
import { basic, ownerToken } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

/** What the middle of two classes of answers differs by, in milliseconds, with the bounds of 95 % of resamples. */
interface Difference {
  readonly medianMs: number;
  readonly low: number;
  readonly high: number;
  readonly typicalMs: number;
}

const RESAMPLES = 2000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Takes both classes in turn, in a random order within each pair, so that the machine's moods hit both alike. */
async function compare(pairs: number, one: () => Promise<number>, other: () => Promise<number>): Promise<Difference> {
  const differences: number[] = [];
  const times: number[] = [];
  for (let pair = -10; pair < pairs; pair += 1) {
    const oneFirst = Math.random() < 0.5;
    const first = await (oneFirst ? one() : other());
    const second = await (oneFirst ? other() : one());
    if (pair < 0) continue;
    differences.push(oneFirst ? first - second : second - first);
    times.push(first, second);
  }
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(differences.map(() => differences[Math.floor(Math.random() * differences.length)] ?? 0)),
  ).sort((a, b) => a - b);
  return {
    medianMs: median(differences),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? 0,
    high: medians[Math.floor(RESAMPLES * 0.975)] ?? 0,
    typicalMs: median(times),
  };
}

/** A leak of that size is seen: even the bound nearest to nothing lies beyond it. */
const leaks = ({ low, high }: Difference, toleratedMs: number): boolean => low > toleratedMs || high < -toleratedMs;

function report(what: string, { medianMs, low, high, typicalMs }: Difference): void {
  const rounded = [medianMs, low, high, typicalMs].map((value) => value.toFixed(3));
  process.stdout.write(`      ${what}: ${rounded[0]} ms (95 %: ${rounded[1]} to ${rounded[2]}) of ${rounded[3]} ms\n`);
}

describe('time tells nobody', function () {
  this.timeout(300_000);
  let server: TestServer;
  let pool: pg.Pool;
  let known: string;
  let clientId: string;

  before(async () => {
    server = await startServer();
    pool = server.composed.installation.database.pool;
    const owner = await ownerToken(server);
    known = (await newPerson(server, owner)).email;
    clientId = (await registerApp(server, owner)).clientId;
  });
  after(() => server.stop());

  async function timed(request: () => Promise<Response>, status: number): Promise<number> {
    const began = performance.now();
    const answer = await request();
    await answer.arrayBuffer();
    const lasted = performance.now() - began;
    expect(answer.status).to.equal(status);
    return lasted;
  }

  /** Time of a refused sign-in. What counts the tries is emptied before, so that no try is refused for its number. */
  async function signIn(email: string): Promise<number> {
    await pool.query('DELETE FROM sign_in_attempts');
    const body = JSON.stringify({ email, password: randomBytes(9).toString('hex') });
    const headers = { 'Content-Type': 'application/json', Origin: server.url };
    return timed(() => fetch(`${server.url}/login`, { method: 'POST', headers, body }), 422);
  }

  const stranger = (): string => `${randomBytes(6).toString('hex')}@northwind.example`;

  async function authenticate(id: string): Promise<number> {
    const headers = {
      Authorization: basic({ clientId: id, clientSecret: `ocs_${randomBytes(32).toString('base64url')}` }),
    };
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    return timed(() => fetch(`${server.url}/oauth/token`, { method: 'POST', headers, body }), 401);
  }

  const nobody = (): string => `client_${randomBytes(15).toString('base64url')}`;

  it('whether an e-mail address is known (R-T1)', async () => {
    const difference = await compare(
      200,
      () => signIn(known),
      () => signIn(stranger()),
    );
    report('known − unknown address', difference);
    expect(leaks(difference, 1)).to.equal(false);
  });

  it('but would be seen to, if it did so by five milliseconds (positive control)', async () => {
    const slower = async (): Promise<number> => {
      const began = performance.now();
      await sleep(5);
      return performance.now() - began + (await signIn(known));
    };
    const difference = await compare(120, slower, () => signIn(stranger()));
    report('the same with a leak of 5 ms', difference);
    expect(leaks(difference, 1)).to.equal(true);
  });

  it('whether a client is known, to a quarter of a millisecond (R-T4)', async () => {
    const difference = await compare(
      2000,
      () => authenticate(clientId),
      () => authenticate(nobody()),
    );
    report('known − unknown client', difference);
    // Names of clients stand in every authorization URL; what a known one costs more is the reading of its row.
    expect(leaks(difference, 0.25)).to.equal(false);
  });

  it('but would be seen to, if it did so by half a millisecond (positive control)', async () => {
    const slower = async (): Promise<number> => {
      const lasted = await authenticate(clientId);
      return lasted + 0.5;
    };
    const difference = await compare(1000, slower, () => authenticate(nobody()));
    report('the same with a leak of 0.5 ms', difference);
    expect(leaks(difference, 0.25)).to.equal(true);
  });
});
