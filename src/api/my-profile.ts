import { z } from 'zod';
import { InvalidInput, NotFound, TooManyRequests } from '../core/errors.ts';
import type { changeProfile } from '../users/change-profile.ts';
import { readableText } from './readable-text.ts';
import { type AnyRoute, route } from './route.ts';

/** What the change of one's own profile needs. */
export interface MyProfileDeps {
  readonly changeProfile: ReturnType<typeof changeProfile>;
}

/** What is absent stays. */
const body = z.strictObject({
  name: readableText.optional(),
  email: z.string().min(1, 'The email field must not be empty').max(254).optional(),
  /** Needed for another e-mail address only. */
  current_password: z.string().optional(),
});

const answer = z.object({ user: z.object({ id: z.number().int(), email: z.string(), name: z.string() }) });

/** The route of `PATCH /api/me`, for a person in a session. */
export function myProfileRoutes(deps: MyProfileDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'PATCH',
      path: '/api/me',
      summary: 'Change your name or your e-mail address; another address needs your current password',
      access: 'session',
      body,
      answers: { 200: answer },
      async handle({ principal, body: given, request }) {
        const result = await deps.changeProfile({
          userId: Number(principal.subject.id),
          name: given.name,
          email: given.email,
          currentPassword: given.current_password,
          address: request.address,
        });
        switch (result.outcome) {
          case 'changed': {
            const { id, email, name } = result.user;
            return { status: 200, body: { user: { id, email, name } } };
          }
          case 'gone':
            throw new NotFound();
          case 'throttled':
            throw new TooManyRequests(result.retryAfterSeconds);
          default:
            throw new InvalidInput(faults[result.outcome]);
        }
      },
    }),
  ];
}

const faults = {
  no_email: { email: ['This is not an e-mail address.'] },
  email_taken: { email: ['Somebody has this e-mail address already.'] },
  password_missing: { current_password: ['Another e-mail address needs your current password.'] },
  wrong_password: { current_password: ['The password is incorrect.'] },
} as const;
