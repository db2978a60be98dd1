import { expect } from 'chai';
import { addressGroup } from '../../../src/users/address-group.ts';

describe('the address group', () => {
  it('is the address itself for IPv4', () => {
    expect(addressGroup('192.0.2.1')).to.equal('192.0.2.1');
    expect(addressGroup('')).to.equal('');
  });

  it('is the first 64 bits for IPv6, however it is written', () => {
    for (const address of [
      '2001:db8::1',
      '2001:DB8:0:0:1:2:3:4',
      '2001:0db8:0000::ffff',
      '2001:db8::192.0.2.1',
      '2001:db8::1%eth0',
    ]) {
      expect(addressGroup(address), address).to.equal('2001:db8:0:0::/64');
    }
    expect(addressGroup('2001:db8:0:1::1')).to.equal('2001:db8:0:1::/64');
    expect(addressGroup('::1')).to.equal('0:0:0:0::/64');
  });

  it('is the IPv4 address where IPv6 only wraps one', () => {
    for (const address of ['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:c000:0201']) {
      expect(addressGroup(address), address).to.equal('192.0.2.1');
    }
  });
});
