import { expect } from 'chai';
import fc from 'fast-check';
import { addDuration, durationSeconds, parseDuration } from '../../../src/core/duration.ts';

const zero = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };

function plus(moment: string, text: string): string {
  const duration = parseDuration(text);
  if (duration === null) throw new Error(`${text} is not a duration`);
  return addDuration(new Date(moment), duration).toISOString();
}

describe('parseDuration', () => {
  it('reads every unit, M before and after T being different ones', () => {
    expect(parseDuration('P1Y2M3W4DT5H6M7S')).to.deep.equal({
      years: 1,
      months: 2,
      weeks: 3,
      days: 4,
      hours: 5,
      minutes: 6,
      seconds: 7,
    });
    expect(parseDuration('PT5M')).to.deep.equal({ ...zero, minutes: 5 });
    expect(parseDuration('P5M')).to.deep.equal({ ...zero, months: 5 });
    expect(parseDuration('PT0S')).to.deep.equal(zero);
  });

  for (const text of ['', 'P', 'PT', 'P1YT', '1Y', 'P1', 'PT5', 'p1y', '-P1D', 'P-1D', 'P1.5D', 'P1,5D', 'P1D1Y']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(null));
  }

  for (const text of ['P1H', 'PT1D', 'P1Y ', ' P1Y', 'P1Y\n', 'P١Y', 'never', 'P1001Y', 'P9999999999D', 'PT1M1M']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(null));
  }

  it('reads back what is written', () => {
    const amount = fc.nat(99);
    fc.assert(
      fc.property(amount, amount, amount, amount, (years, days, hours, seconds) => {
        expect(parseDuration(`P${years}Y${days}DT${hours}H${seconds}S`)).to.deep.equal({
          ...zero,
          years,
          days,
          hours,
          seconds,
        });
      }),
    );
  });
});

describe('addDuration', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['2024-01-31T10:00:00.000Z', 'P1M', '2024-02-29T10:00:00.000Z'],
    ['2023-01-31T10:00:00.000Z', 'P1M', '2023-02-28T10:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', 'P1Y', '2025-02-28T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', 'P4Y', '2028-02-29T00:00:00.000Z'],
    ['2023-12-31T23:59:59.999Z', 'PT1S', '2024-01-01T00:00:00.999Z'],
    ['2023-12-15T00:00:00.000Z', 'P2M', '2024-02-15T00:00:00.000Z'],
    ['2024-01-30T00:00:00.000Z', 'P1M1D', '2024-03-01T00:00:00.000Z'],
    ['2024-03-30T12:00:00.000Z', 'P2W', '2024-04-13T12:00:00.000Z'],
    ['2024-03-30T12:00:00.000Z', 'P1DT36H', '2024-04-02T00:00:00.000Z'],
  ];
  for (const [moment, text, expected] of cases) {
    it(`goes from ${moment} by ${text} to ${expected}`, () => expect(plus(moment, text)).to.equal(expected));
  }

  it('leaves the moment it was given alone', () => {
    const moment = new Date('2024-01-31T00:00:00Z');
    addDuration(moment, { ...zero, months: 1 });
    expect(moment.toISOString()).to.equal('2024-01-31T00:00:00.000Z');
  });
});

describe('durationSeconds', () => {
  it('counts years as 365 and months as 30 days', () => {
    expect(durationSeconds({ ...zero, years: 1 })).to.equal(365 * 86_400);
    expect(durationSeconds({ ...zero, months: 2 })).to.equal(60 * 86_400);
    expect(durationSeconds({ ...zero, weeks: 1, days: 1 })).to.equal(8 * 86_400);
    expect(durationSeconds({ ...zero, hours: 1, minutes: 1, seconds: 1 })).to.equal(3661);
  });
});
