import type { IncomingMessage, ServerResponse } from 'node:http';

/** A client as the person in front of the page should see it. */
export interface InteractionClient {
  readonly clientId: string;
  readonly name: string;
  /** Name of the workspace that registered the client. */
  readonly owner: string;
  readonly uri: string | null;
  readonly firstParty: boolean;
  /** Host (or own scheme) to which the browser will be sent; the person can compare it with what they expect. */
  readonly redirectHost: string;
  /** Full redirect URI of this request. */
  readonly redirectUri: string;
}

/** One entry of the requested scope, with what it stands for today. */
export interface RequestedScope {
  /** As the client asked for it, such as `posts:*`. */
  readonly entry: string;
  /** Names and sentences of the vocabulary that the entry covers; one for a concrete scope. */
  readonly expanded: readonly { readonly name: string; readonly description: string }[];
  readonly wildcard: boolean;
}

/** What the consent page asks; only what is not agreed to already. */
export interface ConsentQuestion {
  readonly scopes: readonly RequestedScope[];
  /** Entries that the person has already agreed to with this client, in the vocabulary's sentences. */
  readonly alreadyGranted: readonly RequestedScope[];
  /** OpenID Connect scopes that are new: `profile`, `email`, … without `openid` itself. */
  readonly identityScopes: readonly string[];
  /** How long an access token lasts, and for how long the client can renew it by itself; seconds. */
  readonly accessSeconds: number;
  readonly renewableSeconds: number;
  /** Set when the request names a resource of its own, such as `https://reports.example.com`. */
  readonly resource: string | null;
  /** The workspace of what was agreed to before; null when nothing was. */
  readonly workspaceId: number | null;
}

/** A sign-in or a consent that an authorization request waits for. */
export interface PendingInteraction {
  readonly uid: string;
  readonly step: 'sign-in' | 'consent';
  readonly client: InteractionClient;
  readonly loginHint: string | null;
  /** True when being signed in is not enough: the client asked for a fresh sign-in (`prompt=login`, `max_age`). */
  readonly mustReauthenticate: boolean;
  /** The user that the protocol knows; null at the first sign-in. */
  readonly userId: number | null;
  /** Null at sign-in. */
  readonly consent: ConsentQuestion | null;
}

/** What the person agreed to. */
export interface ConsentAnswer {
  readonly workspaceId: number;
  /** Entries of `ConsentQuestion.scopes` that stayed ticked. */
  readonly scopes: readonly string[];
  readonly identityScopes: readonly string[];
}

/** The seam between the pages and the protocol; each ending returns the URL to send the browser to, by 303. */
export interface Interactions {
  /** Reads the interaction of this browser; null when it is unknown, expired or another browser's. */
  load(request: IncomingMessage, response: ServerResponse): Promise<PendingInteraction | null>;
  /** Tells the protocol who signed in; `sessionId` is our session, which the protocol's hangs on. */
  finishSignIn(
    request: IncomingMessage,
    response: ServerResponse,
    signedIn: { readonly userId: number; readonly sessionId: number; readonly authenticatedAt: Date },
  ): Promise<string>;
  finishConsent(request: IncomingMessage, response: ServerResponse, answer: ConsentAnswer): Promise<string>;
  /** Sends the person back with `access_denied`. */
  refuse(request: IncomingMessage, response: ServerResponse): Promise<string>;
}
