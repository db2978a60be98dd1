import { expect } from 'chai';
import { badRequest, refusalFor } from '../../../src/core/answer.ts';
import type { Principal } from '../../../src/core/principal.ts';
import type { Requirement, Verification, VerificationReason } from '../../../src/core/verification.ts';

type Refused = Extract<Verification, { allowed: false }>;

const NOW = 1_700_000_000;
const requirement: Requirement = { scopes: ['posts:write', 'posts:read'], any: false };
const principal: Principal = {
  subject: { type: 'user', id: 7 },
  credential: { type: 'oauth_access_token', id: 1, name: null, environment: null, expiresAt: null },
  workspaceId: 1,
  clientId: null,
  scopes: ['posts:read'],
};

function refused(reason: Refused['reason'], more: Partial<Refused> = {}): Refused {
  return { allowed: false, reason, principal: null, missing: [], rateLimit: null, sunset: null, ...more };
}

describe('the answer to a refused verification', () => {
  it('is a challenge without an error code when nothing was presented (RFC 6750 section 3.1)', () => {
    expect(refusalFor(refused('missing'), requirement, NOW)).to.deep.equal({
      status: 401,
      headers: [['WWW-Authenticate', 'Bearer realm="latchkey"']],
      body: { message: 'Unauthenticated.' },
    });
  });

  it('is the same for every credential that is not good, so that strangers learn nothing', () => {
    const reasons: readonly Refused['reason'][] = ['malformed', 'unknown', 'expired', 'revoked', 'owner_inactive'];
    const answers = reasons.map((reason) => refusalFor(refused(reason, { principal }), requirement, NOW));
    for (const answer of answers) {
      expect(answer).to.deep.equal({
        status: 401,
        headers: [['WWW-Authenticate', 'Bearer realm="latchkey", error="invalid_token"']],
        body: { message: 'Unauthenticated.' },
      });
    }
  });

  it('names what was required and what there is when a scope is missing', () => {
    expect(refusalFor(refused('insufficient_scope', { principal }), requirement, NOW)).to.deep.equal({
      status: 403,
      headers: [['WWW-Authenticate', 'Bearer error="insufficient_scope", scope="posts:write posts:read"']],
      body: {
        message: 'This action is unauthorized.',
        required_scope: 'posts:write posts:read',
        provided_scopes: ['posts:read'],
      },
    });
  });

  it('says that a workspace is suspended', () => {
    const answer = refusalFor(refused('suspended', { principal }), requirement, NOW);
    expect(answer.status).to.equal(403);
    expect(answer.body).to.deep.equal({ message: 'Workspace suspended.' });
  });

  it('says in seconds when to come back, in the header and the body alike, one at the least', () => {
    const until = (resetSeconds: number): unknown => {
      const rateLimit = { tier: 'free', limit: 1000, remaining: 0, resetSeconds, windowSeconds: 3600, nowSeconds: NOW };
      const { status, headers, body } = refusalFor(refused('rate_limited', { rateLimit }), requirement, NOW);
      expect(status).to.equal(429);
      expect(headers).to.deep.include(['Retry-After', String(body.retry_after)]);
      expect(body.message).to.equal('Too many requests.');
      return body.retry_after;
    };
    expect(until(NOW + 120)).to.equal(120);
    expect(until(NOW)).to.equal(1);
    expect(until(NOW - 5)).to.equal(1);
    const withoutState = refusalFor(refused('rate_limited'), requirement, NOW);
    expect(withoutState.body.retry_after).to.equal(60);
  });

  it('never has a status of success, whatever the reason', () => {
    const reasons: readonly Exclude<VerificationReason, 'ok'>[] = [
      'missing',
      'malformed',
      'unknown',
      'expired',
      'revoked',
      'insufficient_scope',
      'rate_limited',
      'suspended',
      'owner_inactive',
    ];
    for (const reason of reasons) expect(refusalFor(refused(reason), requirement, NOW).status).to.be.within(401, 429);
  });

  it('is a 400 with its sentence for a request that can not be understood', () => {
    expect(badRequest('Why.')).to.deep.equal({ status: 400, headers: [], body: { message: 'Why.' } });
  });
});
