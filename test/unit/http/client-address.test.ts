import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { clientAddressBehind } from '../../../src/http/client-address.ts';

function addressOf(trusted: readonly string[], peer: string, forwarded?: string): string {
  const request = { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } };
  return clientAddressBehind(trusted)(request as unknown as IncomingMessage);
}

describe('the address a request comes from', () => {
  it('is the peer’s, whatever the header says, when the peer is no trusted proxy', () => {
    expect(addressOf([], '192.0.2.1', '203.0.113.9')).to.equal('192.0.2.1');
    expect(addressOf(['10.0.0.0/8'], '192.0.2.1', '203.0.113.9')).to.equal('192.0.2.1');
  });

  it('is the first stranger from the right, because everything to the left was written by the stranger', () => {
    const trusted = ['10.0.0.0/8', '2001:db8::/32'];
    expect(addressOf(trusted, '10.0.0.1', '203.0.113.9')).to.equal('203.0.113.9');
    expect(addressOf(trusted, '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.2.3.4')).to.equal('203.0.113.9');
    expect(addressOf(trusted, '10.0.0.1', '1.1.1.1, 10.9.9.9, 203.0.113.9')).to.equal('203.0.113.9');
    expect(addressOf(trusted, '2001:db8::1', '2001:db9::7')).to.equal('2001:db9::7');
  });

  it('is the last trusted hop when the header ends, or is nonsense', () => {
    expect(addressOf(['10.0.0.0/8'], '10.0.0.1', '10.0.0.2, 10.0.0.3')).to.equal('10.0.0.2');
    for (const nonsense of ['', ',', 'x', '999.1.1.1', '203.0.113.9:80', '"203.0.113.9"', '_hidden']) {
      expect(addressOf(['10.0.0.0/8'], '10.0.0.1', nonsense), nonsense).to.equal('10.0.0.1');
    }
  });

  it('is the same for IPv4 that is written as IPv6', () => {
    expect(addressOf(['10.0.0.0/8'], '::ffff:10.0.0.1', '::ffff:203.0.113.9')).to.equal('203.0.113.9');
  });
});
