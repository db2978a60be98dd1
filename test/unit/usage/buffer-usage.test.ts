import { expect } from 'chai';
import { bufferUsage, type UsageBuffer } from '../../../src/usage/buffer-usage.ts';
import type { UsageSum } from '../../../src/usage/usage-event.ts';

describe('the buffer of use', () => {
  let stored: UsageSum[];
  let failures: unknown[];
  let down: boolean;
  let buffers: UsageBuffer[];

  beforeEach(() => {
    stored = [];
    failures = [];
    buffers = [];
    down = false;
  });
  afterEach(() => Promise.all(buffers.map((buffer) => buffer.close())));

  function open(maximumMeters = 100): UsageBuffer {
    const buffer = bufferUsage({
      store: async (sums) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (down) throw new Error('the database is down');
        stored.push(...sums);
      },
      reportFailure: (error) => failures.push(error),
      flushMs: 3_600_000,
      maximumMeters,
    });
    buffers.push(buffer);
    return buffer;
  }
  const use = (meter: string, allowed = true, address = '192.0.2.1', scopes = ['posts:read']) => ({
    meter,
    allowed,
    address,
    scopes: allowed ? scopes : [],
  });
  const total = (): number => stored.reduce((sum, { allowed, denied }) => sum + allowed + denied, 0);

  it('adds up per meter, and keeps the address of the last use that was allowed', async () => {
    const buffer = open();
    buffer.record(use('credential:1'));
    buffer.record(use('credential:1', true, '192.0.2.2', ['posts:write']));
    buffer.record(use('credential:1', true, '192.0.2.2'));
    buffer.record(use('credential:1', false, '198.51.100.1'));
    buffer.record(use('client:a', false));
    await buffer.flush();
    expect(stored).to.deep.equal([
      {
        meter: 'credential:1',
        allowed: 3,
        denied: 1,
        address: '192.0.2.2',
        scopes: [
          { scope: 'posts:read', calls: 2 },
          { scope: 'posts:write', calls: 1 },
        ],
      },
      { meter: 'client:a', allowed: 0, denied: 1, address: '', scopes: [] },
    ]);
    expect(buffer.size()).to.equal(0);
  });

  it('puts back what a failing database did not take, and adds what came since', async () => {
    const buffer = open();
    down = true;
    buffer.record(use('credential:1'));
    const flushing = buffer.flush();
    buffer.record(use('credential:1', false));
    await flushing;
    expect(failures).to.have.length(1);
    expect(buffer.size()).to.equal(1);
    down = false;
    await buffer.flush();
    expect(stored).to.have.length(1);
    expect(stored[0]).to.deep.include({
      ...{ allowed: 1, denied: 1, address: '192.0.2.1' },
      scopes: [{ scope: 'posts:read', calls: 1 }],
    });
  });

  it('writes with a flush what was there when it was asked for, whether or not one is under way', async () => {
    const buffer = open();
    buffer.record(use('credential:1'));
    const earlier = buffer.flush();
    buffer.record(use('credential:2'));
    await buffer.flush();
    expect(stored.map(({ meter }) => meter)).to.deep.equal(['credential:1', 'credential:2']);
    await earlier;
  });

  it('writes the rest when it is closed, also what came while a flush was under way', async () => {
    const buffer = open();
    buffer.record(use('credential:1'));
    void buffer.flush();
    buffer.record(use('credential:2'));
    await buffer.close();
    expect(total()).to.equal(2);
  });

  it('closes although the database is gone, and says what it could not write', async () => {
    const buffer = open();
    down = true;
    buffer.record(use('credential:1'));
    await buffer.close();
    expect(failures.length).to.be.above(0);
  });

  it('is bounded in meters and in scopes, and reports what it drops', async () => {
    const buffer = open(10);
    for (let meter = 0; meter < 25; meter += 1) buffer.record(use(`credential:${meter}`));
    for (let scope = 0; scope < 5000; scope += 1) buffer.record(use('credential:1', true, '', [`s${scope}:read`]));
    expect(buffer.size()).to.equal(10);
    await buffer.flush();
    expect(String(failures[0])).to.include('15 uses were not recorded');
    expect(stored.find(({ meter }) => meter === 'credential:1')?.scopes).to.have.length(500);
    expect(total()).to.equal(10 + 5000);
  });
});
