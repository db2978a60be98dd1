import type { IncomingMessage } from 'node:http';
import type {
  ConsentAnswer,
  ConsentQuestion,
  InteractionClient,
  Interactions,
  PendingInteraction,
} from '../../../src/pages/interaction-port.ts';

/** Authorization requests that the test makes up, with what the pages answered. */
export interface StandInInteractions extends Interactions {
  readonly pending: Map<string, PendingInteraction>;
  readonly signedIn: { readonly userId: number; readonly sessionId: number; readonly authenticatedAt: Date }[];
  readonly answers: ConsentAnswer[];
  readonly refused: string[];
}

/** Builds them; an ending sends the browser to the client's redirect URI. */
export function standInInteractions(): StandInInteractions {
  const pending = new Map<string, PendingInteraction>();
  const signedIn: StandInInteractions['signedIn'] = [];
  const answers: ConsentAnswer[] = [];
  const refused: string[] = [];
  const find = (request: IncomingMessage): PendingInteraction | null =>
    pending.get(/^\/interaction\/([^/?]+)/.exec(request.url ?? '')?.[1] ?? '') ?? null;
  const end = (request: IncomingMessage, query: string): string => {
    const found = find(request);
    if (found === null) throw new Error('the interaction is over');
    pending.delete(found.uid);
    return `${found.client.redirectUri}?${query}`;
  };
  return {
    pending,
    signedIn,
    answers,
    refused,
    load: async (request) => find(request),
    finishSignIn: async (request, _response, who) => {
      signedIn.push(who);
      return end(request, 'code=1');
    },
    finishConsent: async (request, _response, answer) => {
      answers.push(answer);
      return end(request, 'code=2');
    },
    refuse: async (request) => {
      refused.push(find(request)?.uid ?? '');
      return end(request, 'error=access_denied');
    },
  };
}

/** A client as the pages see it. */
export function someClient(changes: Partial<InteractionClient> = {}): InteractionClient {
  return {
    clientId: 'client_4kSnG1nXUmKzdVRuDnSe',
    name: 'Harbour Reports',
    owner: 'Seaside Software',
    uri: null,
    firstParty: false,
    redirectHost: 'reports.example.com',
    redirectUri: 'https://reports.example.com/callback',
    ...changes,
  };
}

/** A request to sign in. */
export function signInRequest(uid: string, changes: Partial<PendingInteraction> = {}): PendingInteraction {
  return {
    uid,
    step: 'sign-in',
    client: someClient(),
    loginHint: null,
    mustReauthenticate: false,
    userId: null,
    consent: null,
    ...changes,
  };
}

/** A request for consent by `userId`. */
export function consentRequest(
  uid: string,
  userId: number,
  question: Partial<ConsentQuestion> = {},
  client: Partial<InteractionClient> = {},
): PendingInteraction {
  const consent: ConsentQuestion = {
    scopes: [
      {
        entry: 'posts:read',
        wildcard: false,
        expanded: [{ name: 'posts:read', description: 'Read blog posts' }],
      },
      {
        entry: 'categories:*',
        wildcard: true,
        expanded: [
          { name: 'categories:read', description: 'Read categories' },
          { name: 'categories:write', description: 'Create and update categories' },
        ],
      },
      {
        entry: 'analytics:read',
        wildcard: false,
        expanded: [{ name: 'analytics:read', description: 'Access analytics data' }],
      },
    ],
    alreadyGranted: [],
    identityScopes: ['profile', 'email'],
    accessSeconds: 3600,
    renewableSeconds: 2_592_000,
    resource: null,
    workspaceId: null,
    ...question,
  };
  return { ...signInRequest(uid), step: 'consent', userId, client: someClient(client), consent };
}
