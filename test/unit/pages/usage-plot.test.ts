import { expect } from 'chai';
import { usagePlot } from '../../../src/pages/usage-plot.ts';
import { beginningOf, everyInterval, type UsageSums, usageRange, usageRanges } from '../../../src/pages/usage-range.ts';

const NOW = new Date('2026-03-31T23:30:00Z');
const used = (at: string, allowed: number, denied = 0): UsageSums => ({ at: new Date(at), allowed, denied });

describe('the range of a plot', () => {
  it('ends with the hour or day of now, and fills what saw no use with zeros', () => {
    const days = everyInterval(usageRange('7d'), NOW, [used('2026-03-26T00:00:00Z', 3, 1)]);
    expect(days.map(({ at }) => at.toISOString().slice(5, 10)).join(' ')).to.equal(
      '03-25 03-26 03-27 03-28 03-29 03-30 03-31',
    );
    expect(days.map(({ allowed, denied }) => allowed + denied)).to.deep.equal([0, 4, 0, 0, 0, 0, 0]);
    const hours = everyInterval(usageRange('24h'), NOW, [used('2026-03-31T23:00:00Z', 2)]);
    expect([hours.length, hours[0]?.at.toISOString()]).to.deep.equal([24, '2026-03-31T00:00:00.000Z']);
    expect(hours.at(-1)).to.deep.equal(used('2026-03-31T23:00:00Z', 2));
  });

  it('begins where its first hour or day does, and is thirty days unless an address names another', () => {
    expect(beginningOf(usageRange('90d'), NOW).toISOString()).to.equal('2026-01-01T00:00:00.000Z');
    for (const name of [undefined, '', '1y', ['7d'], '__proto__']) expect(usageRange(name).name).to.equal('30d');
  });
});

describe('the plot of use', () => {
  const plotOf = (name: string, ...uses: UsageSums[]) => {
    const range = usageRange(name);
    return usagePlot(range, everyInterval(range, NOW, uses), 'Mobile <app>');
  };

  it('stands what was denied on what was allowed, both in proportion', () => {
    const plot = plotOf('7d', used('2026-03-30T00:00:00Z', 30, 10), used('2026-03-31T00:00:00Z', 20));
    const [first, second] = plot.columns;
    expect(plot.columns).to.have.length(2);
    expect(first?.allowed?.height).to.be.closeTo((second?.allowed?.height ?? 0) * 1.5, 0.2);
    expect(first?.denied?.height).to.be.closeTo((first?.allowed?.height ?? 0) / 3, 0.2);
    expect((first?.denied?.y ?? 0) + (first?.denied?.height ?? 0)).to.be.closeTo(first?.allowed?.y ?? 0, 0.2);
    expect((first?.allowed?.y ?? 0) + (first?.allowed?.height ?? 0)).to.be.closeTo(plot.ground, 0.2);
    expect(second?.denied).to.equal(null);
    expect(first?.label).to.equal('30 March 2026: 30 allowed, 10 denied');
  });

  it('keeps one call among a million to be seen', () => {
    const plot = plotOf('7d', used('2026-03-30T00:00:00Z', 1_000_000), used('2026-03-31T00:00:00Z', 0, 1));
    expect(plot.columns[1]?.denied?.height).to.equal(2);
    expect(plot.lines.at(-1)?.label).to.equal('1m');
  });

  it('says in words what it shows', () => {
    const plot = plotOf('7d', used('2026-03-30T00:00:00Z', 1200, 34), used('2026-03-31T00:00:00Z', 20));
    expect(plot.title).to.equal('Calls of Mobile <app> in the last 7 days');
    expect(plot.description).to.equal(
      '1,220 allowed and 34 denied. Most on 30 March 2026: 1,234. 5 days of 7 without any.',
    );
    expect(plotOf('24h').description).to.equal('No calls.');
  });

  it('stays within its picture in every range, with few lines and times', () => {
    for (const range of usageRanges) {
      const sums = everyInterval(range, NOW, []).map(({ at }, index) => ({
        at,
        allowed: index * 7,
        denied: index % 5,
      }));
      const plot = usagePlot(range, sums, 'x');
      for (const { x, allowed, denied } of plot.columns) {
        expect(x).to.be.within(plot.left, plot.right - plot.barWidth + 0.1);
        for (const bar of [allowed, denied]) if (bar !== null) expect(bar.y).to.be.within(0, plot.ground);
      }
      expect(plot.lines.length).to.be.within(2, 7);
      expect(plot.times.length).to.be.within(4, 7);
      expect(new Set(plot.lines.map(({ label }) => label)).size, 'no line is named twice').to.equal(plot.lines.length);
    }
  });

  it('has no half calls on its scale', () => {
    expect(plotOf('7d', used('2026-03-31T00:00:00Z', 1)).lines.map(({ label }) => label)).to.deep.equal(['0', '1']);
  });
});
