/** What an event is about. */
export type AuditTargetType =
  | 'api_key'
  | 'client'
  | 'client_secret'
  | 'grant'
  | 'personal_access_token'
  | 'route'
  | 'session'
  | 'signing_key'
  | 'user'
  | 'workspace';

/** One kind of event: what it is about, and what happened in a sentence. */
export interface AuditActionDefinition {
  readonly target: AuditTargetType;
  readonly sentence: string;
}

/** Every action that is audited. docs/audit.md has the same list, which a test compares. */
export const auditActions = {
  'administration.refused': {
    target: 'route',
    sentence: 'A known caller asked the API for something that they may not do (403); once a minute for each route.',
  },
  'client.changed': { target: 'client', sentence: 'The settings of an OAuth client were changed.' },
  'client.created': { target: 'client', sentence: 'An OAuth client was registered.' },
  'client.deleted': { target: 'client', sentence: 'An OAuth client was deleted with everything issued to it.' },
  'client.token_ended': {
    target: 'client',
    sentence: 'A token with which an OAuth client acts for itself was ended by an administrator, as leaked.',
  },
  'client_secret.created': { target: 'client_secret', sentence: 'An OAuth client was given a further secret.' },
  'client_secret.deleted': { target: 'client_secret', sentence: 'One secret of an OAuth client was ended.' },
  'csrf.refused': {
    target: 'route',
    sentence:
      'A form or request that another site may have sent was refused; once a minute for each address and route.',
  },
  'grant.changed': { target: 'grant', sentence: 'What a user lets an app do was changed.' },
  'grant.given': { target: 'grant', sentence: 'A user let an app in.' },
  'grant.tokens_ended': {
    target: 'grant',
    sentence:
      'Tokens of an app were ended by the app, by an administrator, or because one was used twice; what the user agreed to stands.',
  },
  'grant.revoked': { target: 'grant', sentence: 'What a user had let an app do was ended, with everything issued.' },
  'key.changed': { target: 'api_key', sentence: 'The settings of an API key were changed.' },
  'key.issued': { target: 'api_key', sentence: 'An API key was issued.' },
  'key.revoked': { target: 'api_key', sentence: 'An API key was ended.' },
  'key.rotated': { target: 'api_key', sentence: 'An API key was replaced by a new one.' },
  'member.added': { target: 'user', sentence: 'A user became a member of a workspace.' },
  'member.changed': { target: 'user', sentence: 'A member of a workspace got another role.' },
  'member.removed': { target: 'user', sentence: 'A user was taken out of a workspace.' },
  'password.changed': {
    target: 'user',
    sentence: 'A user changed their password; refused when the present one was wrong.',
  },
  'password.set_by_link': { target: 'user', sentence: 'A password was set by a one-time link.' },
  'session.ended': {
    target: 'session',
    sentence: 'A user signed out, here or from another browser, or another user signed in at the same browser.',
  },
  'session.renewed': { target: 'session', sentence: 'A user proved the password again within a session.' },
  'session.started': { target: 'session', sentence: 'A user signed in.' },
  'sessions.ended_all': { target: 'user', sentence: 'Every session of a user was ended by somebody else.' },
  'sessions.ended_others': { target: 'user', sentence: 'A user signed out all of their other browsers.' },
  'sign_in.refused': {
    target: 'user',
    sentence: 'A sign-in failed; while an account is throttled, one event a minute stands for all tries.',
  },
  'signing_key.rotated': { target: 'signing_key', sentence: 'A new signing key, the target, was put in place.' },
  'signing_key.withdrawn': {
    target: 'signing_key',
    sentence: 'All signing keys before the target were withdrawn at once.',
  },
  'token.changed': {
    target: 'personal_access_token',
    sentence: 'A personal access token was renamed, or scopes were taken from it.',
  },
  'token.issued': { target: 'personal_access_token', sentence: 'A personal access token was issued.' },
  'token.revoked': { target: 'personal_access_token', sentence: 'A personal access token was ended.' },
  'tokens.revoked_all': { target: 'user', sentence: 'All personal access tokens of a user were ended.' },
  'user.changed': { target: 'user', sentence: 'The name or the e-mail address of a user was changed.' },
  'user.created': { target: 'user', sentence: 'A user was created.' },
  'user.disabled': { target: 'user', sentence: 'A user was shut out of everything.' },
  'user.enabled': { target: 'user', sentence: 'A disabled user was let in again.' },
  'user.invited': { target: 'user', sentence: 'Somebody made a link with which a user sets their password.' },
  'workspace.changed': { target: 'workspace', sentence: 'The settings of a workspace were changed.' },
  'workspace.created': { target: 'workspace', sentence: 'A workspace was created.' },
  'workspace.resumed': { target: 'workspace', sentence: 'A suspended workspace was let in again.' },
  'workspace.suspended': { target: 'workspace', sentence: 'A workspace was suspended.' },
} as const satisfies Readonly<Record<string, AuditActionDefinition>>;

/** The name of an action. */
export type AuditAction = keyof typeof auditActions;

/** Names of all actions, in the order of the alphabet. */
export const auditActionNames = Object.keys(auditActions).sort() as [AuditAction, ...AuditAction[]];

/** Whether it happened, or was tried and refused. */
export type AuditOutcome = 'done' | 'refused';

/** Who acts; `system` is the server itself or its command line on the machine, `anonymous` a request of nobody known. */
export type AuditActorType = 'user' | 'client' | 'workspace' | 'system' | 'anonymous';

/** Who acts, by name. */
export interface AuditActor {
  readonly type: AuditActorType;
  readonly id: string | number | null;
}

/** By which credential: its kind and its public id, never its value. */
export interface AuditCredential {
  readonly type: string;
  readonly id: string | number;
}

/** Public fields of something, as they are or were. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** What somebody tells the trail; who, by what and from where it knows by itself. */
export interface AuditNote {
  readonly action: AuditAction;
  /** `done` unless it says otherwise. */
  readonly outcome?: AuditOutcome;
  /** Id of what the action is about; null where nobody knows. */
  readonly target: string | number | null;
  /** The workspace it happened in; where absent, the caller's. */
  readonly workspaceId?: number | null;
  readonly before?: AuditFields | null;
  readonly after?: AuditFields | null;
  /** Where it is not the caller of the request. */
  readonly actor?: AuditActor;
  readonly credential?: AuditCredential;
}

/** An event as it is written. */
export interface AuditEvent {
  readonly action: AuditAction;
  readonly outcome: AuditOutcome;
  readonly actor: { readonly type: AuditActorType; readonly id: string | null };
  readonly credential: { readonly type: string; readonly id: string } | null;
  readonly target: { readonly type: AuditTargetType; readonly id: string | null };
  readonly workspaceId: number | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly before: AuditFields | null;
  readonly after: AuditFields | null;
}

/** An event as it is read back. */
export interface StoredAuditEvent extends Omit<AuditEvent, 'action' | 'target'> {
  readonly id: number;
  readonly at: Date;
  /** A name that an older version wrote may no longer be in the list. */
  readonly action: string;
  readonly target: { readonly type: string | null; readonly id: string | null };
}
