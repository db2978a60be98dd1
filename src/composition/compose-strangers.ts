import type { IncomingMessage } from 'node:http';
import { systemClock } from '../core/clock.ts';
import { TooManyRequests } from '../core/errors.ts';
import type { RequestToVerify } from '../core/verification.ts';
import { type ClientAddress, clientAddressBehind } from '../http/client-address.ts';
import { limitStrangers, type StrangerStanding } from '../rate-limits/limit-strangers.ts';
import { addressGroup } from '../users/address-group.ts';
import type { Installation } from './open-installation.ts';

/** Where requests come from, and how many of each address nobody vouches for. */
export interface Strangers {
  readonly addressOf: ClientAddress;
  /** Counts one; null for the machine itself, which is no stranger. */
  readonly count: (request: RequestToVerify, address: string) => StrangerStanding | null;
  /** Counts one, and throws `TooManyRequests` for an address beyond its limit. */
  readonly refuseBeyondLimit: (request: IncomingMessage) => void;
}

const LOOPBACK = /^(?:127\.|::1$)/;

/** Wires the limit of strangers, which everything that strangers may ask for shares. */
export function composeStrangers({ config }: Installation): Strangers {
  const addressOf = clientAddressBehind(config.trustedProxies);
  const strangers = limitStrangers({ limit: config.strangerLimitPerMinute, groupOf: addressGroup, clock: systemClock });

  function count(request: RequestToVerify, address: string): StrangerStanding | null {
    // The machine itself is no stranger, unless it is a proxy that speaks for one.
    const peer = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    return LOOPBACK.test(peer) && LOOPBACK.test(address) ? null : strangers.count(address);
  }

  return {
    addressOf,
    count,
    refuseBeyondLimit(request) {
      const standing = count(request, addressOf(request));
      if (standing !== null && !standing.within) {
        throw new TooManyRequests(Math.max(1, standing.resetSeconds - standing.nowSeconds));
      }
    },
  };
}
