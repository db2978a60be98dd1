import { expect } from 'chai';
import { InvalidInput } from '../../../src/core/errors.ts';
import { reportUsage, type UsageInterval } from '../../../src/usage/report-usage.ts';

const NOW = new Date('2026-03-31T12:34:56Z');

describe('a report of use', () => {
  let asked: { from: string; to: string } | undefined;
  const report = reportUsage({
    clock: () => NOW,
    read: async ({ from, to }) => {
      asked = { from: from.toISOString(), to: to.toISOString() };
      return [
        { at: from, allowed: 3, denied: 1 },
        { at: to, allowed: 0, denied: 2 },
      ];
    },
  });
  const ask = (interval: UsageInterval, from: string | null = null, to: string | null = null) =>
    report({
      meter: 'credential:1',
      interval,
      from: from === null ? null : new Date(from),
      to: to === null ? null : new Date(to),
    });
  const fault = async (...question: Parameters<typeof ask>): Promise<string> => {
    const error = await ask(...question).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return error instanceof InvalidInput ? Object.keys(error.errors).join() : 'none';
  };

  it('is of the last seven days unless asked, in whole hours or days', async () => {
    await ask('day');
    expect(asked).to.deep.equal({ from: '2026-03-24T00:00:00.000Z', to: '2026-04-01T00:00:00.000Z' });
    await ask('hour');
    expect(asked).to.deep.equal({ from: '2026-03-24T12:00:00.000Z', to: '2026-03-31T13:00:00.000Z' });
    await ask('hour', null, '2026-03-20T10:00:00Z');
    expect(asked).to.deep.equal({ from: '2026-03-13T10:00:00.000Z', to: '2026-03-20T10:00:00.000Z' });
    await ask('hour', '2026-03-30T01:59:00+05:30', '2026-03-30T01:59:00Z');
    expect(asked).to.deep.equal({ from: '2026-03-29T20:00:00.000Z', to: '2026-03-30T02:00:00.000Z' });
  });

  it('adds up what was allowed and what was denied', async () => {
    expect((await ask('day')).total).to.equal(6);
  });

  it('refuses an end before its beginning, more than is kept, and hours that have become days', async () => {
    expect(await fault('day', '2026-03-30', '2026-03-30')).to.equal('from');
    expect(await fault('day', '2026-03-30', '2026-03-29')).to.equal('from');
    expect(await fault('day', '2026-04-30')).to.equal('from');
    expect(await fault('day', '2023-03-31')).to.equal('from');
    expect(await fault('hour', '2025-12-20')).to.equal('from');
    expect(await fault('day', '2025-12-20')).to.equal('none');
    expect(await fault('hour', '2026-01-01')).to.equal('none');
  });
});
