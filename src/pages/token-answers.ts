import { z } from 'zod';
import type { PersonPage } from './person-page.ts';
import { scopesInWords, type Vocabulary, vocabularyAnswer } from './scope-choices.ts';
import { futureTime, pastTime, type ShownTime } from './times.ts';

/** What the answers about a token and a key have in common, as far as pages use it. */
export const credentialAnswer = z.object({
  id: z.number(),
  name: z.string(),
  scopes: z.array(z.string()),
  workspace_id: z.number(),
  hint: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
  last_used_address: z.string().nullable(),
});

/** The part of a personal access token's answer that pages use. */
export const tokenAnswer = credentialAnswer.extend({ state: z.enum(['active', 'expired']) });

/** A page of the list. */
export const tokensAnswer = z.object({ data: z.array(tokenAnswer), next: z.string().nullable() });

/** A new token, in clear this once. */
export const issuedTokenAnswer = tokenAnswer.extend({ token: z.string() });

/** A personal access token as pages show it. */
export interface ShownToken {
  readonly id: number;
  readonly name: string;
  readonly scopes: ReturnType<typeof scopesInWords>;
  /** Such as `12|lkp_…abcd…`: what the owner recognises it by, and of no use to anybody else. */
  readonly hint: string;
  /** Where it acts; null where the person is in that one workspace only. */
  readonly workspace: string | null;
  readonly created: ShownTime;
  readonly used: { readonly time: ShownTime; readonly address: string | null } | null;
  /** Null for never. */
  readonly expires: ShownTime | null;
  readonly state: 'active' | 'soon' | 'expired';
}

const SOON_MS = 7 * 86_400_000;

/** Says everything about a token in words. */
export function showToken(
  token: z.output<typeof tokenAnswer>,
  { workspaces }: Pick<PersonPage, 'workspaces'>,
  vocabulary: Pick<Vocabulary, 'scopes'>,
  now: Date,
): ShownToken {
  const home = workspaces.find(({ id }) => id === token.workspace_id);
  const isOnlyOne = workspaces.length === 1 && home !== undefined;
  return {
    id: token.id,
    name: token.name,
    scopes: scopesInWords(vocabulary, token.scopes),
    hint: `${token.id}|lkp_…${token.hint}…`,
    workspace: isOnlyOne ? null : (home?.name ?? 'a workspace that you are not in'),
    created: pastTime(token.created_at, now),
    used:
      token.last_used_at === null
        ? null
        : { time: pastTime(token.last_used_at, now), address: token.last_used_address },
    expires: token.expires_at === null ? null : futureTime(token.expires_at, now),
    state: stateOf(token, now),
  };
}

/** Reads the vocabulary as this person has it. */
export function readVocabulary(page: Pick<PersonPage, 'api'>): Promise<Vocabulary> {
  return page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
}

/** Reads one token of this person; throws `NotFound`. */
export async function readToken(page: PersonPage, now: Date): Promise<ShownToken> {
  const params = { id: String(page.context.params.id) };
  const [token, vocabulary] = await Promise.all([
    page.api(tokenAnswer, { method: 'GET', path: '/api/tokens/:id', params }),
    readVocabulary(page),
  ]);
  return showToken(token, page, vocabulary, now);
}

function stateOf({ state, expires_at }: z.output<typeof tokenAnswer>, now: Date): ShownToken['state'] {
  if (state === 'expired') return 'expired';
  const isSoon = expires_at !== null && new Date(expires_at).getTime() - now.getTime() < SOON_MS;
  return isSoon ? 'soon' : 'active';
}
