import { z } from 'zod';
import { credentialStates, type FoundCredential } from '../audit/find-credential.ts';

const identifier = z.union([z.number().int(), z.string()]);

/** What a pasted credential turned out to be, as the API shows it. */
export const foundCredentialAnswer = z.object({
  type: z.string().nullable(),
  id: identifier.nullable(),
  name: z.string().nullable(),
  state: z.enum(credentialStates),
  subject: z.object({ type: z.string(), id: identifier }).nullable(),
  workspace_id: z.number().int().nullable(),
  expires_at: z.iso.datetime().nullable(),
  scopes: z.array(z.string()).nullable(),
  last_used_at: z.iso.datetime().nullable(),
  last_used_address: z.string().nullable(),
});

/** Presents what was found; the credential itself is nowhere in it. */
export function presentFound(found: FoundCredential): z.input<typeof foundCredentialAnswer> {
  const { type, id, name, state, subject, workspaceId, expiresAt, scopes, lastUsed } = found;
  return {
    type,
    id,
    name,
    state,
    subject,
    workspace_id: workspaceId,
    expires_at: expiresAt?.toISOString() ?? null,
    scopes: scopes === null ? null : [...scopes],
    last_used_at: lastUsed?.at.toISOString() ?? null,
    last_used_address: lastUsed?.address ?? null,
  };
}
