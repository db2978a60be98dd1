import { expect } from 'chai';
import { limitStrangers } from '../../../src/rate-limits/limit-strangers.ts';
import { cpuMs } from '../../support/cpu-time.ts';

describe('the limit of strangers', () => {
  let now: Date;
  const limited = (rememberedAddresses?: number) =>
    limitStrangers({
      limit: 3,
      groupOf: (address) => address,
      clock: () => now,
      ...(rememberedAddresses !== undefined && { rememberedAddresses }),
    });

  beforeEach(() => {
    now = new Date('2026-01-31T12:00:20Z');
  });

  it('allows so many a minute and says where an address stands', () => {
    const strangers = limited();
    const standings = Array.from({ length: 5 }, () => strangers.count('a'));
    expect(standings.map(({ within }) => within)).to.deep.equal([true, true, true, false, false]);
    expect(standings.map(({ remaining }) => remaining)).to.deep.equal([2, 1, 0, 0, 0]);
    const minuteEnds = Date.parse('2026-01-31T12:01:00Z') / 1000;
    expect(standings[0]).to.deep.include({ limit: 3, resetSeconds: minuteEnds, nowSeconds: minuteEnds - 40 });
    expect(strangers.count('b').within).to.equal(true);
  });

  it('starts again with the next minute', () => {
    const strangers = limited();
    for (let time = 0; time < 5; time += 1) strangers.count('a');
    now = new Date('2026-01-31T12:00:59.999Z');
    expect(strangers.count('a').within).to.equal(false);
    now = new Date('2026-01-31T12:01:00Z');
    expect(strangers.count('a')).to.include({ within: true, remaining: 2 });
  });

  it('forgets the quiet ones when too many come, and never the busy one', () => {
    const strangers = limited(10);
    for (let time = 0; time < 4; time += 1) strangers.count('busy');
    strangers.count('quiet');
    for (let crowd = 0; crowd < 1000; crowd += 1) {
      strangers.count(`crowd ${crowd}`);
      if (crowd % 3 === 0) expect(strangers.count('busy').within).to.equal(false);
    }
    expect(strangers.count('quiet').remaining, 'forgotten').to.equal(2);
  });

  it('keeps its memory flat and stays quick whatever comes', async () => {
    const strangers = limitStrangers({ limit: 3, groupOf: (address) => address, clock: () => now });
    const tookMs = await cpuMs(() => {
      for (let crowd = 0; crowd < 150_000; crowd += 1) strangers.count(`crowd ${crowd}`);
      const before = process.memoryUsage().heapUsed;
      for (let crowd = 0; crowd < 300_000; crowd += 1) strangers.count(`later ${crowd}`);
      expect(process.memoryUsage().heapUsed - before).to.be.below(60_000_000);
    });
    expect(tookMs).to.be.below(3000);
    expect(strangers.count('crowd 1').remaining, 'forgotten').to.equal(2);
  });
});
