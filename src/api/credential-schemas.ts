import { z } from 'zod';
import type { Credential, IssuedCredential, ReplacedCredential } from '../credentials/credential.ts';
import { attentionReasons } from '../credentials/key-attention.ts';
import { defaultGraceSeconds, longestGraceSeconds } from '../credentials/rotate-credential.ts';
import { pageQuery } from './cursor.ts';
import { readableText } from './readable-text.ts';

const name = readableText.min(1);
const scopes = z.array(z.string().max(255)).max(500);
const workspaceId = z.number().int().positive();
/** Null is for ever; absent is the default. */
const expiresAt = z.iso.datetime({ offset: true }).nullable();
const tier = z.string().max(255);
const order = z.enum(['oldest', 'newest']).default('oldest');

/** Query of `GET /api/tokens`. */
export const tokenQuery = pageQuery.extend({ order });

/** Body of `POST /api/tokens`; `abilities` is another name for `scopes`. */
export const newTokenBody = z
  .strictObject({
    name,
    scopes: scopes.optional(),
    abilities: scopes.optional(),
    expires_at: expiresAt.optional(),
    workspace_id: workspaceId.optional(),
  })
  .refine((body) => body.scopes === undefined || body.abilities === undefined, {
    path: ['abilities'],
    message: 'Give scopes or abilities, not both',
  });

/** Body of `POST /auth/login`. */
export const signInBody = z.strictObject({
  email: z.string('The email field is required').min(1, 'The email field is required').max(254),
  password: z.string('The password field is required').min(1, 'The password field is required'),
  token_name: name.default('API login'),
  scopes: scopes.optional(),
  expires_at: expiresAt.optional(),
  workspace_id: workspaceId.optional(),
});

/** What `POST /auth/login` answers. */
export const signInAnswer = z.object({
  token: z.string(),
  user: z.object({ id: z.number().int(), email: z.string(), name: z.string() }),
});

/** Body of `DELETE /api/tokens`. */
export const revokeAllBody = z.strictObject({ password: z.string().min(1, 'The password field is required') });

/** Query of `GET /api/keys`; another workspace than the caller's own where they manage its keys too. */
export const keyQuery = pageQuery.extend({
  workspace_id: z.coerce.number().int().positive().optional(),
  order,
  attention: z.enum(attentionReasons).optional(),
});

/** Body of `POST /api/keys`. */
export const newKeyBody = z.strictObject({
  name,
  workspace_id: workspaceId.optional(),
  scopes,
  rate_limit_tier: tier.nullable().optional(),
  environment: z.enum(['live', 'test']).default('live'),
  expires_at: expiresAt.optional(),
});

/** Body of `PATCH /api/keys/{id}`; what is absent stays. */
export const changedKeyBody = z
  .strictObject({ name, scopes, rate_limit_tier: tier.nullable(), expires_at: expiresAt })
  .partial();

/** Query of `DELETE /api/keys/{id}`. */
export const confirmQuery = z.strictObject({ confirm: z.string().optional() });

/** Body of `POST /api/keys/{id}/rotate`; seconds. */
export const rotateBody = z.strictObject({
  grace_period: z.number().int().min(0).max(longestGraceSeconds).default(defaultGraceSeconds),
  expires_at: expiresAt.optional(),
});

const common = {
  id: z.number().int(),
  name: z.string(),
  scopes: z.array(z.string()),
  workspace_id: z.number().int(),
  hint: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  last_used_address: z.string().nullable(),
};

/** A personal access token as the API shows it. */
export const tokenAnswer = z.object({ ...common, state: z.enum(['active', 'expired']) });

/** A new personal access token, in clear this once. */
export const issuedTokenAnswer = tokenAnswer.extend({ token: z.string() });

const replaced = z.object({ id: z.number().int(), expires_at: z.iso.datetime() });

/** An API key as the API shows it. `replaces` is the key that it replaces, while that one still works. */
export const keyAnswer = z.object({
  ...common,
  rate_limit_tier: z.string().nullable(),
  environment: z.enum(['live', 'test']),
  created_by: z.number().int().nullable(),
  state: z.enum(['active', 'replaced', 'expired']),
  replaces: replaced.nullable(),
  replaced_by: z.number().int().nullable(),
});

/** A new API key, in clear this once. */
export const issuedKeyAnswer = keyAnswer.extend({ key: z.string() });

/** The new key of a rotation, in clear this once, and the end of the old one. */
export const rotatedKeyAnswer = issuedKeyAnswer.extend({ replaces: replaced });

/** Reads a time of a body; undefined and null stay what they are. */
export function timeOf(text: string | null | undefined): Date | null | undefined {
  return typeof text === 'string' ? new Date(text) : text;
}

/** Presents a personal access token; nothing but these fields leaves the server. */
export function presentToken(token: Credential): z.input<typeof tokenAnswer> {
  return { ...presentCommon(token), state: token.state === 'expired' ? 'expired' : 'active' };
}

/** Presents a new personal access token. */
export function presentIssuedToken({ credential, text }: IssuedCredential): z.input<typeof issuedTokenAnswer> {
  return { ...presentToken(credential), token: text };
}

/** Presents an API key. */
export function presentKey(key: Credential): z.input<typeof keyAnswer> {
  return {
    ...presentCommon(key),
    rate_limit_tier: key.rateLimitTier,
    environment: key.environment ?? 'live',
    created_by: key.createdBy,
    state: key.state,
    replaces: key.replaces && presentReplaced(key.replaces),
    replaced_by: key.replacedBy,
  };
}

/** Presents a new API key. */
export function presentIssuedKey({ credential, text }: IssuedCredential): z.input<typeof issuedKeyAnswer> {
  return { ...presentKey(credential), key: text };
}

/** Presents the key that another one replaces. */
export function presentReplaced({ id, expiresAt: end }: ReplacedCredential): z.input<typeof replaced> {
  return { id, expires_at: end.toISOString() };
}

function presentCommon(credential: Credential): z.input<z.ZodObject<typeof common>> {
  return {
    id: credential.id,
    name: credential.name,
    scopes: [...credential.scopes],
    workspace_id: credential.workspaceId,
    hint: credential.hint,
    created_at: credential.createdAt.toISOString(),
    expires_at: credential.expiresAt?.toISOString() ?? null,
    last_used_at: credential.lastUsedAt?.toISOString() ?? null,
    last_used_address: credential.lastUsedAddress,
  };
}
