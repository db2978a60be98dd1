import { expect } from 'chai';
import { dayInWords, futureTime, pastTime } from '../../../src/pages/times.ts';

const now = new Date('2026-11-22T14:05:30Z');
const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

describe('times in words', () => {
  it('say the past in one unit, rounded down', () => {
    const said = [0, -0.5, -1, -59, -60, -47 * 60, -48 * 60, -89 * 1440, -91 * 1440, -800 * 1440].map(
      (count) => pastTime(minutes(count), now).words,
    );
    expect(said).to.deep.equal([
      'just now',
      'just now',
      '1 minute ago',
      '59 minutes ago',
      '1 hour ago',
      '47 hours ago',
      '2 days ago',
      '89 days ago',
      '2 months ago',
      '2 years ago',
    ]);
  });

  it('do not say that something was in the future, should clocks differ', () => {
    expect(pastTime(minutes(3), now).words).to.equal('just now');
  });

  it('say the future, and what is over as over', () => {
    const said = [0.5, 5, 3000, 90 * 1440 - 1, -5].map((count) => futureTime(minutes(count), now).words);
    expect(said).to.deep.equal(['in less than a minute', 'in 5 minutes', 'in 2 days', 'in 90 days', '5 minutes ago']);
  });

  it('have the exact time behind them', () => {
    expect(pastTime('2026-11-22T09:05:00.000Z', now)).to.deep.equal({
      iso: '2026-11-22T09:05:00.000Z',
      words: '5 hours ago',
      exact: '22 November 2026, 09:05 UTC',
    });
    expect(dayInWords('2026-12-31T23:59:59Z')).to.equal('31 December 2026');
  });
});
