import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import type { KeyGrace, KeyGraces, moveGraceEnd } from '../credentials/key-grace.ts';
import { type CredentialCaller, type FindGrantor, findManagedKey } from './keys-access.ts';
import { unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, route } from './route.ts';

/** What the routes need. */
export interface KeyGraceDeps {
  readonly graces: Pick<KeyGraces, 'find'>;
  readonly move: ReturnType<typeof moveGraceEnd>;
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly findGrantor: FindGrantor;
}

const access = { scopes: ['keys:manage'] } as const;
const moveBody = z.strictObject({ ends_at: z.iso.datetime({ offset: true }) });

/** The grace of a key as the API shows it. */
export const graceAnswer = z.object({
  id: z.number().int(),
  replaced_by: z.number().int(),
  began_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
  latest_end: z.iso.datetime(),
});

/** The routes of the time in which a key that was rotated still works; `:id` is the old key. */
export function keyGraceRoutes(deps: KeyGraceDeps): readonly AnyRoute[] {
  const find = findManagedKey(deps);
  return [
    route({
      method: 'GET',
      path: '/api/keys/:id/grace',
      summary: 'Show for how long a key that was rotated still works, and could work at most',
      access,
      answers: { 200: graceAnswer },
      async handle({ params, ...caller }) {
        const grace = await deps.graces.find((await find(caller, params.id)).key.id);
        if (grace === null) throw new NotFound();
        return { status: 200, body: present(grace) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/keys/:id/grace',
      summary:
        'Let a key that was rotated work for longer or shorter: a week from the rotation at most, and never beyond its own end',
      access,
      body: moveBody,
      answers: { 200: graceAnswer },
      async handle({ params, body, ...caller }) {
        const { key, grantor } = await find(caller, params.id);
        refuseSelf(caller, key);
        return { status: 200, body: present(await deps.move({ key, grantor, endsAt: new Date(body.ends_at) })) };
      },
    }),
  ];
}

/** A key that has leaked must not be able to outlive its rotation: 403. */
function refuseSelf({ principal: { credential } }: CredentialCaller, key: Credential): void {
  if (credential.type === 'api_key' && credential.id === key.id) {
    throw unauthorizedAction('a key that is being replaced does not decide for how long');
  }
}

function present({ keyId, replacedBy, beganAt, endsAt, latestEnd }: KeyGrace): z.input<typeof graceAnswer> {
  return {
    id: keyId,
    replaced_by: replacedBy,
    began_at: beganAt.toISOString(),
    ends_at: endsAt.toISOString(),
    latest_end: latestEnd.toISOString(),
  };
}
