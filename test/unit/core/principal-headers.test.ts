import { validateHeaderValue } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Principal } from '../../../src/core/principal.ts';
import { headerValue, principalHeaders } from '../../../src/core/principal-headers.ts';

const NAMES = [
  'X-Auth-Subject-Type',
  'X-Auth-Subject',
  'X-Auth-Credential-Type',
  'X-Auth-Credential-Id',
  'X-Auth-Workspace',
  'X-Auth-Client',
  'X-Auth-Environment',
  'X-Auth-Scopes',
];

function principalWith(change: Partial<Principal> = {}): Principal {
  return {
    subject: { type: 'user', id: 7 },
    credential: { type: 'api_key', id: 9, name: 'Zoë', environment: 'test', expiresAt: null },
    workspaceId: 3,
    clientId: 'client_x',
    scopes: ['posts:read', 'posts:write'],
    ...change,
  };
}

describe('the identity headers', () => {
  it('are eight, always, in the same order', () => {
    const headers = principalHeaders(principalWith());
    expect(headers.filter((_, index) => index % 2 === 0)).to.deep.equal(NAMES);
    expect(headers.filter((_, index) => index % 2 === 1)).to.deep.equal([
      'user',
      '7',
      'api_key',
      '9',
      '3',
      'client_x',
      'test',
      'posts:read posts:write',
    ]);
  });

  it('are empty where they have no value', () => {
    const bare = principalWith({
      workspaceId: null,
      clientId: null,
      scopes: [],
      credential: { type: 'session', id: 1, name: null, environment: null, expiresAt: null },
    });
    const headers = principalHeaders(bare);
    expect(headers).to.have.length(16);
    expect(headers.slice(9).filter((_, index) => index % 2 === 0)).to.deep.equal(['', '', '', '']);
  });

  it('encode what a header can not carry, and the percent sign, and nothing else', () => {
    expect(headerValue('Zoë')).to.equal('Zo%C3%AB');
    expect(headerValue('100%')).to.equal('100%25');
    expect(headerValue('a\r\nX-Evil: 1')).to.equal('a%0D%0AX-Evil: 1');
    expect(headerValue('a\0b\x7f')).to.equal('a%00b%7F');
    const plain = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
    expect(headerValue(plain)).to.equal(plain.replace('%', '%25'));
  });

  it('can carry any text, which comes back when decoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const value = headerValue(text);
        expect(value).to.match(/^[\x20-\x7e]*$/);
        validateHeaderValue('X-Auth-Client', value);
        expect(decodeURIComponent(value)).to.equal(text);
      }),
    );
  });
});
