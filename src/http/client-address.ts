import { BlockList, isIP } from 'node:net';
import type { RequestToVerify } from '../core/verification.ts';

/** Finds the address a request comes from. */
export type ClientAddress = (request: RequestToVerify) => string;

/**
 * Builds the finder from the CIDR blocks of trusted proxies. `X-Forwarded-For` is walked from the right and only through
 * trusted addresses, because everything to the left of the first stranger was written by the stranger.
 */
export function clientAddressBehind(trustedProxies: readonly string[]): ClientAddress {
  const trusted = blockList(trustedProxies);
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (request) => {
    let address = plain(request.socket.remoteAddress ?? '');
    const forwarded = request.headers['x-forwarded-for'];
    if (forwarded === undefined || isIP(address) === 0) return address;
    const hops = (typeof forwarded === 'string' ? forwarded : forwarded.join(',')).split(',');
    while (isTrusted(address)) {
      const hop = plain((hops.pop() ?? '').trim());
      if (isIP(hop) === 0) return address;
      address = hop;
    }
    return address;
  };
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** IPv4 written as IPv6 (`::ffff:192.0.2.1`) is the same address. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
