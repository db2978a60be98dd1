import { z } from 'zod';
import { clientAnswer } from './client-kinds.ts';
import { keyAnswer } from './key-answers.ts';
import type { PersonPage } from './person-page.ts';
import type { Section } from './render.ts';
import type { ScopeHolder } from './scope-choices.ts';
import { tokenAnswer } from './token-answers.ts';

/** Something whose use has a page. */
export interface UsedThing {
  readonly name: string;
  /** What was granted to it; null where nothing is granted, as to a workspace. */
  readonly granted: readonly string[] | null;
  readonly createdAt: Date | null;
  /** True where scopes can be taken from it now. */
  readonly isChangeable: boolean;
  /** The beginning of the credential, as people recognise it; null where it is none. */
  readonly hint: string | null;
}

/** One kind of them: where it is in the API and in the pages. */
export interface UsedKind {
  /** Of the API and of the pages, such as `/keys/:id`. */
  readonly path: string;
  /** The parameter of that path. */
  readonly parameter: 'id' | 'client_id';
  readonly section: Section;
  /** In a sentence, such as `key`. */
  readonly noun: string;
  /** Whose rights its wildcards stand for. */
  readonly holder: ScopeHolder;
  /** False where nothing limits it as a whole. */
  readonly isLimited: boolean;
  readonly read: (page: PersonPage, id: string) => Promise<UsedThing>;
}

const nameAnswer = z.object({ name: z.string() });

/** API keys. */
export const usedKeys: UsedKind = {
  path: '/keys/:id',
  parameter: 'id',
  section: 'keys',
  noun: 'key',
  holder: 'key',
  isLimited: true,
  async read(page, id) {
    const key = await page.api(keyAnswer, { method: 'GET', path: '/api/keys/:id', params: { id } });
    return {
      name: key.name,
      granted: key.scopes,
      createdAt: new Date(key.created_at),
      isChangeable: key.state === 'active',
      hint: `${key.hint}…`,
    };
  },
};

/** Personal access tokens. */
export const usedTokens: UsedKind = {
  path: '/tokens/:id',
  parameter: 'id',
  section: 'tokens',
  noun: 'token',
  holder: 'person',
  isLimited: true,
  async read(page, id) {
    const token = await page.api(tokenAnswer, { method: 'GET', path: '/api/tokens/:id', params: { id } });
    return {
      name: token.name,
      granted: token.scopes,
      createdAt: new Date(token.created_at),
      isChangeable: token.state === 'active',
      hint: `${token.id}|lkp_…`,
    };
  },
};

/** OAuth clients, each with all of its tokens. */
export const usedClients: UsedKind = {
  path: '/clients/:client_id',
  parameter: 'client_id',
  section: 'clients',
  noun: 'app',
  holder: 'client',
  isLimited: true,
  async read(page, id) {
    const path = '/api/clients/:client_id';
    const client = await page.api(clientAnswer, { method: 'GET', path, params: { client_id: id } });
    return {
      name: client.client_name,
      granted: client.scope.split(' ').filter(Boolean),
      createdAt: new Date(client.created_at),
      isChangeable: false,
      hint: null,
    };
  },
};

/** Workspaces, each with all of its keys and personal access tokens. */
export const usedWorkspaces: UsedKind = {
  path: '/workspaces/:id',
  parameter: 'id',
  section: 'keys',
  noun: 'workspace',
  holder: 'workspace',
  isLimited: false,
  async read(page, id) {
    const { name } = await page.api(nameAnswer, { method: 'GET', path: '/api/workspaces/:id', params: { id } });
    return { name, granted: null, createdAt: null, isChangeable: false, hint: null };
  },
};

/** The identifier in the address of a page. */
export function usedId({ context }: Pick<PersonPage, 'context'>, { parameter }: UsedKind): string {
  const params: Readonly<Record<string, unknown>> = context.params;
  return String(params[parameter] ?? '');
}

/** The page of a thing itself, such as `/keys/12`. */
export function hrefOf({ path, parameter }: UsedKind, id: string): string {
  return path.replace(`:${parameter}`, encodeURIComponent(id));
}
