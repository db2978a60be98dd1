import { isIPv6 } from 'node:net';

/**
 * Brings an IP address to the group that is counted as one: IPv4 as it is, IPv6 by its first 64 bits, because a single
 * household or server has a whole /64 to pick from. Other text is given back as it is.
 */
export function addressGroup(address: string): string {
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = withoutDottedPart(bare).split('::');
  const start = hextets(head);
  const end = tail === undefined ? [] : hextets(tail);
  const all = [...start, ...Array<string>(Math.max(0, 8 - start.length - end.length)).fill('0'), ...end];
  // ::ffff:192.0.2.1 is an IPv4 address in another coat; counted by /64 all of them would be one.
  const isMapped = all.slice(0, 5).every((hextet) => hextet === '0') && all[5] === 'ffff';
  return isMapped ? dotted(all.slice(6)) : `${all.slice(0, 4).join(':')}::/64`;
}

function hextets(part: string): string[] {
  return part === '' ? [] : part.split(':').map((hextet) => Number.parseInt(hextet, 16).toString(16));
}

/** Writes the last 32 bits in hexadecimal where they stand as an IPv4 address. */
function withoutDottedPart(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function dotted(pair: readonly string[]): string {
  return pair
    .map((hextet) => Number.parseInt(hextet, 16))
    .map((value) => `${value >> 8}.${value & 255}`)
    .join('.');
}
