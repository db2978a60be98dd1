import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { DependencyDown } from '../../../src/core/errors.ts';
import { batchByTurn } from '../../../src/db/turn-batch.ts';

/** A batch under way, to be answered when the test says so. */
interface OpenBatch {
  readonly keys: readonly number[];
  answer(): void;
  fail(error: Error): void;
}

function controlled(limits = { maxInFlight: 2, maxBatch: 3 }): {
  ask: (key: number) => Promise<string>;
  open: OpenBatch[];
  started: OpenBatch[];
} {
  const open: OpenBatch[] = [];
  const started: OpenBatch[] = [];
  const ask = batchByTurn<number, string>(
    (keys) =>
      new Promise((resolve, reject) => {
        const close = (): void => {
          open.splice(open.indexOf(batch), 1);
        };
        const batch: OpenBatch = {
          keys,
          answer: () => {
            close();
            resolve(keys.map((key) => `answer ${key}`));
          },
          fail: (error) => {
            close();
            reject(error);
          },
        };
        open.push(batch);
        started.push(batch);
      }),
    limits,
  );
  return { ask, open, started };
}

describe('the questions of one turn', () => {
  it('are asked in one batch, in their order, and each gets its own answer', async () => {
    const batches: (readonly number[])[] = [];
    const ask = batchByTurn<number, number>(
      async (keys) => {
        batches.push(keys);
        return keys.map((key) => key * 10);
      },
      { maxInFlight: 2, maxBatch: 500 },
    );
    expect(await Promise.all([ask(3), ask(1), ask(2), ask(1)])).to.deep.equal([30, 10, 20, 10]);
    expect(batches).to.deep.equal([[3, 1, 2, 1]]);
  });

  it('never make more than the allowed number of batches at a time, nor longer ones', async () => {
    const { ask, open, started } = controlled();
    const answers = Promise.all(Array.from({ length: 20 }, (_, key) => ask(key)));
    let rounds = 0;
    for (; started.flatMap(({ keys }) => keys).length < 20 || open.length > 0; rounds += 1) {
      await nextTurn();
      expect(open.length).to.be.at.most(2);
      for (const { keys } of open) expect(keys.length).to.be.at.most(3);
      open[0]?.answer();
      expect(rounds).to.be.below(100);
    }
    expect(await answers).to.deep.equal(Array.from({ length: 20 }, (_, key) => `answer ${key}`));
    expect(started.flatMap(({ keys }) => keys)).to.deep.equal(Array.from({ length: 20 }, (_, key) => key));
  });

  it('are spread over the batches there is room for when they are many, and not when they are few', async () => {
    const { ask, started } = controlled({ maxInFlight: 2, maxBatch: 500 });
    for (let key = 0; key < 64; key += 1) void ask(key);
    await nextTurn();
    await nextTurn();
    expect(started.map(({ keys }) => keys.length)).to.deep.equal([32, 32]);
    const few = controlled({ maxInFlight: 2, maxBatch: 500 });
    for (let key = 0; key < 31; key += 1) void few.ask(key);
    await nextTurn();
    await nextTurn();
    expect(few.started.map(({ keys }) => keys.length)).to.deep.equal([31]);
  });

  it('wait for the next batch while the allowed number is under way', async () => {
    const { ask, open } = controlled({ maxInFlight: 1, maxBatch: 10 });
    const first = ask(1);
    await nextTurn();
    const later = [ask(2), ask(3)];
    await nextTurn();
    await nextTurn();
    expect(open.map(({ keys }) => keys)).to.deep.equal([[1]]);
    open[0]?.answer();
    await first;
    await nextTurn();
    await nextTurn();
    expect(open.map(({ keys }) => keys)).to.deep.equal([[2, 3]]);
    open[0]?.answer();
    await Promise.all(later);
  });

  it('all get the error of their batch, and the next turn is asked anew', async () => {
    const { ask, open } = controlled();
    const failed = [ask(1), ask(2)].map((answer) => answer.catch((error: unknown) => error));
    await nextTurn();
    open[0]?.fail(new Error('no luck'));
    for (const error of await Promise.all(failed)) expect(error).to.be.an('error').with.property('message', 'no luck');
    const next = ask(3);
    await nextTurn();
    open[0]?.answer();
    expect(await next).to.equal('answer 3');
  });

  it('get the error of a batch that fails before it begins', async () => {
    const ask = batchByTurn<number, number>(
      () => {
        throw new Error('at once');
      },
      { maxInFlight: 1, maxBatch: 10 },
    );
    for (const _round of [1, 2, 3]) {
      const error = await ask(1).catch((thrown: unknown) => thrown);
      expect(error).to.be.an('error').with.property('message', 'at once');
    }
  });

  it('are refused, never mixed up, when an answer is missing', async () => {
    for (const results of [[], ['a'], ['a', 'b', 'c'], ['a', undefined]]) {
      const ask = batchByTurn<number, string>(async () => results as string[], { maxInFlight: 1, maxBatch: 10 });
      const both = await Promise.allSettled([ask(1), ask(2)]);
      expect(both[1]?.status, JSON.stringify(results)).to.equal('rejected');
      if (results.length !== 2) expect(both[0]?.status).to.equal('rejected');
    }
  });

  it('that wait behind a dead database hear of it with the first batch, instead of waiting their own turn out', async () => {
    const { ask, open } = controlled({ maxInFlight: 1, maxBatch: 10 });
    const first = ask(1).catch((error: unknown) => error);
    await nextTurn();
    const waiting = [ask(2), ask(3)].map((answer) => answer.catch((error: unknown) => error));
    open[0]?.fail(new DependencyDown('database'));
    expect(await first).to.be.instanceOf(DependencyDown);
    for (const error of await Promise.all(waiting)) expect(error).to.be.instanceOf(DependencyDown);
    expect(open).to.deep.equal([]);
  });

  it('that wait behind any other failure are asked all the same', async () => {
    const { ask, open } = controlled({ maxInFlight: 1, maxBatch: 10 });
    const first = ask(1).catch((error: unknown) => error);
    await nextTurn();
    const waiting = ask(2);
    open[0]?.fail(new Error('only this one'));
    await first;
    await nextTurn();
    await nextTurn();
    open[0]?.answer();
    expect(await waiting).to.equal('answer 2');
  });

  it('are never lost, whatever arrives when, and whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ keys: fc.array(fc.nat(9), { maxLength: 12 }), fails: fc.boolean() }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        async (turns, maxInFlight, maxBatch) => {
          let failing = false;
          let inFlight = 0;
          const ask = batchByTurn<number, number>(
            async (keys) => {
              inFlight += 1;
              expect(inFlight).to.be.at.most(maxInFlight);
              const fails = failing;
              await nextTurn();
              inFlight -= 1;
              if (fails) throw new Error('down');
              return keys.map((key) => -key);
            },
            { maxInFlight, maxBatch },
          );
          const asked: { key: number; answer: Promise<unknown> }[] = [];
          for (const { keys, fails } of turns) {
            failing = fails;
            for (const key of keys) asked.push({ key, answer: ask(key).catch(() => 'failed') });
            await nextTurn();
          }
          for (const { key, answer } of asked) expect([-key, 'failed']).to.include(await answer);
        },
      ),
      { numRuns: 100 },
    );
  });
});
