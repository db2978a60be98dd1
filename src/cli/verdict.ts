import { z } from 'zod';
import type { ApiClient } from './api-client.ts';

const identifier = z.union([z.number(), z.string()]);

const verdictShape = z.object({
  allowed: z.boolean(),
  reason: z.string(),
  credential: z
    .object({
      type: z.string(),
      id: identifier,
      name: z.string().nullable(),
      environment: z.string().nullable(),
      expires_at: z.string().nullable(),
    })
    .nullable(),
  subject: z.object({ type: z.string(), id: identifier }).nullable(),
  workspace_id: z.number().nullable(),
  scopes: z.array(z.string()),
  rate_limit: z
    .object({
      tier: z.string(),
      limit: z.number().nullable(),
      remaining: z.number().nullable(),
      reset: z.number().nullable(),
    })
    .nullable(),
  missing: z.array(z.object({ scope: z.string(), removed_by: z.string() })).optional(),
});

const vocabularyShape = z.object({
  scopes: z.array(z.object({ name: z.string(), description: z.string(), protected: z.boolean(), server: z.boolean() })),
});

/** One scope of the vocabulary. */
export type VocabularyScope = z.output<typeof vocabularyShape>['scopes'][number];

/** Everything that the server tells about a credential. */
export interface Verdict extends Omit<z.output<typeof verdictShape>, 'allowed' | 'missing'> {
  /** Scopes that were asked about and are not effective, each with the rule that removed it. */
  readonly missing: readonly { readonly scope: string; readonly removed_by: string }[];
  readonly client_id: string | null;
  /** True where introspection knows the credential, whatever it is for. */
  readonly active: boolean;
  /** The role of the person behind it in its workspace, where the caller may know that. */
  readonly role: string | null;
  readonly vocabulary: readonly VocabularyScope[];
}

/** The most scopes that one question may name. */
const SCOPES_PER_QUESTION = 100;

/** Asks the server about a credential without counting: what it is, and of `scopes` (all of the vocabulary unless named) which it lacks. */
export async function askVerdict(
  api: ApiClient,
  credential: string,
  question: { readonly scopes: readonly string[]; readonly audience: string | undefined },
): Promise<Verdict> {
  const vocabulary = vocabularyShape.parse(await api.get('/api/scopes')).scopes;
  const names = question.scopes.length > 0 ? question.scopes : vocabulary.map(({ name }) => name);
  const verdicts = [];
  for (let start = 0; start < names.length; start += SCOPES_PER_QUESTION) {
    const scopes = names.slice(start, start + SCOPES_PER_QUESTION);
    const audience = question.audience === undefined ? {} : { audience: question.audience };
    verdicts.push(verdictShape.parse(await api.post('/api/verify', { credential, scopes, cost: 0, ...audience })));
  }
  const { allowed: _allowed, ...first } = verdictShape.parse(verdicts.find(({ allowed }) => !allowed) ?? verdicts[0]);
  const facts = await api.postForm('/oauth/introspect', { token: credential });
  return {
    ...first,
    missing: verdicts.flatMap(({ missing }) => missing ?? []),
    client_id: typeof facts.client_id === 'string' ? facts.client_id : null,
    active: facts.active === true,
    role: await roleOf(api, first),
    vocabulary,
  };
}

const userShape = z.object({ memberships: z.array(z.object({ workspace_id: z.number(), role: z.string() })) });

/** Whoever may not look at users gets the same explanation without the name of the role. */
async function roleOf(
  api: ApiClient,
  { subject, workspace_id: workspaceId }: Pick<z.output<typeof verdictShape>, 'subject' | 'workspace_id'>,
): Promise<string | null> {
  if (subject?.type !== 'user') return null;
  try {
    const user = userShape.parse(await api.get(`/api/users/${encodeURIComponent(subject.id)}`));
    return user.memberships.find(({ workspace_id: id }) => id === workspaceId)?.role ?? null;
  } catch {
    return null;
  }
}
