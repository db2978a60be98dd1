import { z } from 'zod';
import type { FindCredential, FoundCredential } from '../audit/find-credential.ts';
import { InvalidInput } from '../core/errors.ts';
import { foundCredentialAnswer, presentFound } from './found-credential.ts';
import { type AnyRoute, route } from './route.ts';

/** What the route needs. */
export interface EndCredentialDeps {
  readonly findCredential: FindCredential;
  /** Ends what was found, whoever it belongs to; what has ended already stays so. */
  readonly end: (found: FoundCredential, credential: string) => Promise<void>;
}

const body = z.strictObject({ credential: z.string().min(1).max(8192) });

/**
 * The route with which an administrator ends a credential of anybody. Whoever holds a secret in full could use it, so
 * they may take that from everybody else; the audit trail says that it was they.
 */
export function endCredentialRoutes({ findCredential, end }: EndCredentialDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'POST',
      path: '/api/credentials/revoke',
      summary: 'End a credential of anybody that has leaked, by its full value, whatever kind it is',
      access: { scopes: ['admin:users', 'admin:audit'] },
      body,
      answers: { 200: foundCredentialAnswer },
      async handle({ body: { credential } }) {
        const found = await findCredential(credential);
        if (found.state === 'unknown') throw new InvalidInput({ credential: [NOTHING] });
        // Also where it is revoked already: a refresh token that was used once has a family that lives.
        await end(found, credential);
        return { status: 200, body: presentFound({ ...found, state: 'revoked' }) };
      },
    }),
  ];
}

const NOTHING = 'This is no credential of this server, or only a part of one.';
