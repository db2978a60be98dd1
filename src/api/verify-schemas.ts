import { z } from 'zod';
import { isConcreteScope } from '../core/scope.ts';
import type { Verification } from '../core/verification.ts';

const question = z.strictObject({
  /** Null and empty are answered as `missing`. */
  credential: z.string().max(8192).nullable(),
  scopes: z
    .array(z.string().refine(isConcreteScope, { error: 'A required scope is concrete, such as posts:read' }))
    .min(1, { error: 'Name at least one scope; to learn what a credential is, ask introspection' })
    .max(100),
  any: z.boolean().default(false),
  cost: z.number().int().min(0).max(1_000_000).default(1),
  audience: z.string().max(2000).optional(),
});

/** One question of `POST /api/verify`. */
export type VerifyQuestion = z.output<typeof question>;

/** Body of `POST /api/verify`: one question, or up to 100 that are answered in order. */
export const verifyBody = z.union([question, z.array(question).min(1).max(100)]);

const verdict = z.object({
  allowed: z.boolean(),
  reason: z.string(),
  credential: z
    .object({
      type: z.string(),
      id: z.union([z.number().int(), z.string()]),
      name: z.string().nullable(),
      environment: z.string().nullable(),
      expires_at: z.iso.datetime().nullable(),
    })
    .nullable(),
  subject: z.object({ type: z.string(), id: z.union([z.number().int(), z.string()]) }).nullable(),
  workspace_id: z.number().int().nullable(),
  scopes: z.array(z.string()),
  rate_limit: z
    .object({
      tier: z.string(),
      limit: z.number().int().nullable(),
      remaining: z.number().int().nullable(),
      reset: z.number().int().nullable(),
    })
    .nullable(),
  missing: z.array(z.object({ scope: z.string(), removed_by: z.string() })).optional(),
});

/** Answer of `POST /api/verify`: one verdict, or a bare array of them. */
export const verifyAnswer = z.union([verdict, z.array(verdict)]);

/** Presents a verdict. */
export function presentVerdict(verification: Verification): z.input<typeof verdict> {
  const { principal, rateLimit } = verification;
  return {
    allowed: verification.allowed,
    reason: verification.reason,
    credential:
      principal === null
        ? null
        : {
            type: principal.credential.type,
            id: principal.credential.id,
            name: principal.credential.name,
            environment: principal.credential.environment,
            expires_at: principal.credential.expiresAt?.toISOString() ?? null,
          },
    subject: principal === null ? null : { ...principal.subject },
    workspace_id: principal?.workspaceId ?? null,
    scopes: [...(principal?.scopes ?? [])],
    rate_limit:
      rateLimit === null
        ? null
        : {
            tier: rateLimit.tier,
            limit: rateLimit.limit,
            remaining: rateLimit.remaining,
            reset: rateLimit.limit === null ? null : rateLimit.resetSeconds,
          },
    ...(verification.reason === 'insufficient_scope' && {
      missing: verification.missing.map(({ scope, removedBy }) => ({ scope, removed_by: removedBy })),
    }),
  };
}
