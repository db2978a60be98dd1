import { expect } from 'chai';
import { fewAtOnce } from '../../../src/api/few-at-once.ts';
import { DependencyDown } from '../../../src/core/errors.ts';

describe('a few at once', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('are never more than that, and come in the order of asking', async () => {
    const inTurn = fewAtOnce(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((n) =>
      inTurn(() => {
        begun.push(n);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    await turn();
    expect(begun).to.deep.equal([0, 1]);
    ends[1]?.();
    await turn();
    expect(begun).to.deep.equal([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await turn();
    ends[3]?.();
    await Promise.all(all);
    expect(begun).to.deep.equal([0, 1, 2, 3]);
  });

  it('give their place up when they fail, and keep nobody else from a turn', async () => {
    const inTurn = fewAtOnce(1);
    const failed = inTurn(() => Promise.reject(new Error('no')));
    const next = inTurn(async () => 'yes');
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
    expect(await next).to.equal('yes');
  });

  it('tell those that wait what is down, once one of them has found out, and start anew', async () => {
    const inTurn = fewAtOnce(1);
    const first = inTurn(() => Promise.reject(new DependencyDown('database', new Error('gone'))));
    const waiting = [1, 2].map(() => inTurn(async () => 'asked'));
    for (const one of [first, ...waiting]) {
      expect(await one.catch((error: unknown) => error instanceof DependencyDown)).to.equal(true);
    }
    expect(await inTurn(async () => 'asked')).to.equal('asked');
  });
});
