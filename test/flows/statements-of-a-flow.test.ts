import { expect } from 'chai';
import pg from 'pg';
import {
  type AppUnderTest,
  beginFlow,
  letIn,
  newPerson,
  redeem,
  refresh,
  registerApp,
} from '../support/app-under-test.ts';
import { ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const SCOPE = 'openid offline_access posts:read';
/** What runs in the background may fall into one flow, but not into each. */
const FLOWS = 5;

describe('a whole flow of a signed-in person whose consent is remembered', function () {
  this.timeout(60_000);
  let server: TestServer;
  let app: AppUnderTest;
  let ada: Person;
  const sent: string[] = [];
  const query: unknown = Reflect.get(pg.Client.prototype, 'query');

  before(async () => {
    if (typeof query !== 'function') throw new Error('the driver sends statements in another way now');
    Reflect.set(pg.Client.prototype, 'query', function record(this: unknown, ...given: unknown[]): unknown {
      sent.push(textOf(given[0]));
      return Reflect.apply(query, this, given);
    });
    server = await startServer();
    const owner = await ownerToken(server);
    app = await registerApp(server, owner);
    ada = await newPerson(server, owner);
    await letIn(app, ada, SCOPE);
  });
  after(async () => {
    Reflect.set(pg.Client.prototype, 'query', query);
    await server.stop();
  });

  /** What the work sent to the database. */
  async function statementsOf<Result>(work: () => Promise<Result>): Promise<[Result, readonly string[]]> {
    sent.length = 0;
    return [await work(), [...sent]];
  }

  async function flow(): Promise<readonly (readonly string[])[]> {
    const begun = await beginFlow(app, SCOPE);
    const [at, authorization] = await statementsOf(() => ada.authorize(begun.url));
    const [first, code] = await statementsOf(() => redeem(server, app, begun, at));
    const [second, refreshed] = await statementsOf(() => refresh(server, app, refreshTokenIn(first.json)));
    expect([first.status, second.status]).to.deep.equal([200, 200]);
    return [authorization, code, refreshed];
  }

  async function fewest(): Promise<readonly (readonly string[])[]> {
    let best = await flow();
    for (let count = 1; count < FLOWS; count += 1) {
      const next = await flow();
      best = best.map((statements, step) => {
        const other = next[step] ?? statements;
        return other.length < statements.length ? other : statements;
      });
    }
    return best;
  }

  it('takes at most eleven statements, three of which write, and no transaction of several', async () => {
    const steps = await fewest();
    expect(
      steps.map((statements) => statements.length),
      JSON.stringify(steps),
    ).to.deep.equal([5, 3, 3]);
    const writes = steps.map((statements) => statements.filter((text) => /\b(?:INSERT|UPDATE|DELETE)\b/.test(text)));
    expect(writes.map((statements) => statements.length)).to.deep.equal([1, 1, 1]);
    expect(steps.flat().filter((text) => /^(?:BEGIN|COMMIT|ROLLBACK)/.test(text))).to.deep.equal([]);
  });
});

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const text: unknown = typeof statement === 'object' && statement !== null ? Reflect.get(statement, 'text') : null;
  return String(text);
}

function refreshTokenIn(json: unknown): string {
  return String(typeof json === 'object' && json !== null ? Reflect.get(json, 'refresh_token') : '');
}
