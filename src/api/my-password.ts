import { z } from 'zod';
import { InvalidInput, TooManyRequests } from '../core/errors.ts';
import type { changePassword } from '../users/change-password.ts';
import { type AnyRoute, route } from './route.ts';

/** What the change of one's own password needs. */
export interface MyPasswordDeps {
  readonly changePassword: ReturnType<typeof changePassword>;
  readonly revokeTokens: (userId: number) => Promise<unknown>;
}

const body = z.strictObject({
  current_password: z.string('The current_password field is required').min(1, 'The current_password field is required'),
  password: z.string('The password field is required').min(1, 'The password field is required'),
  /** Also ends the person's personal access tokens. */
  revoke_tokens: z.boolean().default(false),
});

/** The route of `/api/me/password`, for a person in a session: their other sessions end, this one stays. */
export function myPasswordRoutes(deps: MyPasswordDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'PUT',
      path: '/api/me/password',
      summary: 'Change your password; your other sessions end',
      access: 'session',
      body,
      answers: { 204: null },
      async handle({ principal, body: given, request }) {
        const result = await deps.changePassword({
          userId: Number(principal.subject.id),
          currentPassword: given.current_password,
          newPassword: given.password,
          address: request.address,
          sessionId: Number(principal.credential.id),
        });
        switch (result.outcome) {
          case 'changed':
            if (given.revoke_tokens) await deps.revokeTokens(Number(principal.subject.id));
            return { status: 204 };
          case 'wrong_password':
            throw new InvalidInput({ current_password: ['The password is incorrect.'] });
          case 'refused':
            throw new InvalidInput({ password: result.reasons });
          case 'throttled':
            throw new TooManyRequests(result.retryAfterSeconds);
        }
      },
    }),
  ];
}
