import { z } from 'zod';
import type { PersonPage } from './person-page.ts';
import { scopesInWords, type Vocabulary } from './scope-choices.ts';
import { futureTime, pastTime, type ShownTime } from './times.ts';
import { credentialAnswer, readVocabulary } from './token-answers.ts';

/** The part of an API key's answer that pages use. */
export const keyAnswer = credentialAnswer.extend({
  rate_limit_tier: z.string().nullable(),
  environment: z.enum(['live', 'test']),
  created_by: z.number().nullable(),
  state: z.enum(['active', 'replaced', 'expired']),
  replaces: z.object({ id: z.number(), expires_at: z.string() }).nullable(),
  replaced_by: z.number().nullable(),
});

/** A key as the API tells it. */
export type Key = z.output<typeof keyAnswer>;

/** A page of the list. */
export const keysAnswer = z.object({ data: z.array(keyAnswer), next: z.string().nullable() });

/** A new key, in clear this once. */
export const issuedKeyAnswer = keyAnswer.extend({ key: z.string() });

/** What pages know of a key's surroundings to say everything in words. */
export interface KeySurroundings {
  readonly vocabulary: Vocabulary;
  /** Names of the people who made keys. */
  readonly makers: ReadonlyMap<number, string>;
  readonly workspaces: PersonPage['workspaces'];
  /** The workspace that the session works in. */
  readonly workspaceId: number | null;
  readonly now: Date;
}

/** An API key as pages show it. */
export interface ShownKey {
  readonly id: number;
  readonly name: string;
  readonly test: boolean;
  readonly scopes: ReturnType<typeof scopesInWords>;
  /** Such as `sk_live_a1b2c3d4…`: what people recognise it by, and of no use to anybody else. */
  readonly hint: string;
  /** Its own tier; null where its workspace's counts. */
  readonly tier: string | null;
  /** Where it belongs; null for the workspace that the session works in. */
  readonly workspace: string | null;
  /** Null where a program made it, or somebody who has left. */
  readonly maker: string | null;
  readonly created: ShownTime;
  readonly used: { readonly time: ShownTime; readonly address: string | null } | null;
  /** Null for never. */
  readonly expires: ShownTime | null;
  readonly state: 'active' | 'soon' | 'replaced' | 'expired';
  /** The key that it replaces, while that one works. */
  readonly replaces: number | null;
  readonly replacedBy: number | null;
}

const SOON_MS = 7 * 86_400_000;

/** Says everything about a key in words. */
export function showKey(key: Key, { vocabulary, makers, workspaces, workspaceId, now }: KeySurroundings): ShownKey {
  const home = workspaces.find(({ id }) => id === key.workspace_id);
  return {
    id: key.id,
    name: key.name,
    test: key.environment === 'test',
    scopes: scopesInWords(vocabulary, key.scopes, 'key'),
    hint: `${key.hint}…`,
    tier: key.rate_limit_tier,
    workspace: key.workspace_id === workspaceId ? null : (home?.name ?? 'another workspace'),
    maker: key.created_by === null ? null : (makers.get(key.created_by) ?? null),
    created: pastTime(key.created_at, now),
    used: key.last_used_at === null ? null : { time: pastTime(key.last_used_at, now), address: key.last_used_address },
    expires: key.expires_at === null ? null : futureTime(key.expires_at, now),
    state: stateOf(key, now),
    replaces: key.replaces?.id ?? null,
    replacedBy: key.replaced_by,
  };
}

function stateOf({ state, expires_at: end }: Key, now: Date): ShownKey['state'] {
  if (state !== 'active') return state;
  return end !== null && new Date(end).getTime() - now.getTime() < SOON_MS ? 'soon' : 'active';
}

const makersAnswer = z.object({ data: z.array(z.object({ id: z.number(), name: z.string() })) });

/** Reads what stands around the keys of a workspace; the session's own unless named. */
export async function readSurroundings(page: PersonPage, now: Date, workspaceId?: number): Promise<KeySurroundings> {
  const query = workspaceId === undefined ? {} : { workspace_id: String(workspaceId) };
  const [vocabulary, makers] = await Promise.all([
    readVocabulary(page),
    page.api(makersAnswer, { method: 'GET', path: '/api/keys/makers', query }),
  ]);
  return {
    vocabulary,
    makers: new Map(makers.data.map(({ id, name }) => [id, name])),
    workspaces: page.workspaces,
    workspaceId: page.workspace?.id ?? null,
    now,
  };
}

/** The key that the address of a page names. */
export function keyIdOf(page: Pick<PersonPage, 'context'>): string {
  return String(page.context.params.id);
}

/** Reads one key; throws `NotFound`. */
export function readKey(page: PersonPage, id: string | number = keyIdOf(page)): Promise<Key> {
  return page.api(keyAnswer, { method: 'GET', path: '/api/keys/:id', params: { id: String(id) } });
}

/** A name as a person would type it again: a page shows several spaces as one, and keyboards compose letters differently. */
export function sameName(name: string): string {
  return name.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
}
