import { expect } from 'chai';
import { expiryChoices, readExpiry } from '../../../src/pages/expiry-choices.ts';

const now = new Date('2026-11-22T14:05:30Z');
const form = (fields: Record<string, string>) => ({ text: (name: string) => fields[name] ?? '' });

describe('the choice of an end', () => {
  it('writes each date out and begins at 90 days', () => {
    const choices = expiryChoices(now);
    expect(choices.map(({ value, until }) => [value, until])).to.deep.equal([
      ['7', '29 November 2026'],
      ['30', '22 December 2026'],
      ['90', '20 February 2027'],
      ['365', '22 November 2027'],
      ['custom', null],
      ['never', null],
    ]);
    expect(choices.filter(({ chosen }) => chosen).map(({ value }) => value)).to.deep.equal(['90']);
    expect(expiryChoices(now, 'never').find(({ chosen }) => chosen)?.value).to.equal('never');
    expect(expiryChoices(now, 'forged').find(({ chosen }) => chosen)?.value).to.equal('90');
  });

  it('reads what it offered', () => {
    expect(readExpiry(form({ expiry: 'never' }), now)).to.deep.equal({ expiresAt: null });
    expect(readExpiry(form({ expiry: '7' }), now)).to.deep.equal({ expiresAt: '2026-11-29T14:05:30.000Z' });
    const custom = readExpiry(form({ expiry: 'custom', expiry_day: '2026-11-22' }), now);
    expect(custom, 'today still has hours').to.deep.equal({ expiresAt: '2026-11-22T23:59:59.000Z' });
  });

  it('never takes a fault for “never”', () => {
    for (const [fields, field] of [
      [{}, 'expiry'],
      [{ expiry: '8' }, 'expiry'],
      [{ expiry: 'custom' }, 'expiry_day'],
      [{ expiry: 'custom', expiry_day: '2026-02-30' }, 'expiry_day'],
      [{ expiry: 'custom', expiry_day: '31.12.2026' }, 'expiry_day'],
      [{ expiry: 'custom', expiry_day: '2026-11-21' }, 'expiry_day'],
    ] as const) {
      const read = readExpiry(form(fields), now);
      expect('error' in read ? read.error.field : read, JSON.stringify(fields)).to.equal(field);
    }
  });
});
