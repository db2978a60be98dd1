import { printable } from './output.ts';
import type { Verdict } from './verdict.ts';

/** Says in plain words what a credential is, what it may do, and which rule took away what it may not. */
export function verdictInWords(verdict: Verdict, asked: readonly string[]): string {
  const { credential } = verdict;
  if (credential === null && verdict.active) return 'It is good, and for another audience: name that with --audience.';
  if (credential === null) return reasonInWords(verdict);
  const missing = verdict.missing.map(
    ({ scope, removed_by: rule }) => `  ${scope}: ${ruleInWords(verdict, scope, rule)}`,
  );
  return [
    ...identityInWords(verdict),
    ...(isGood(verdict) ? [] : [reasonInWords(verdict)]),
    rateLimitInWords(verdict),
    verdict.scopes.length === 0 ? 'It may do nothing.' : 'It may:',
    ...verdict.scopes.map((scope) => `  ${scope}: ${sentenceOf(verdict, scope)}`),
    ...(missing.length > 0 ? ['It may not:', ...missing] : []),
    ...(asked.length > 0 ? [allowed(verdict) ? 'Allowed.' : 'Not allowed.'] : []),
  ]
    .map(printable)
    .join('\n');
}

function reasonInWords({ reason }: Verdict): string {
  return REASONS.get(reason) ?? `It is not good: ${reason}.`;
}

/** Tells whether the credential itself works, whatever it may do. */
export function isGood({ reason, credential }: Verdict): boolean {
  return credential !== null && (reason === 'ok' || reason === 'insufficient_scope' || reason === 'rate_limited');
}

/** Tells whether a call that needs the scopes asked about would be let through now; without any, whether any call would. */
export function isAllowed(verdict: Verdict, asked: readonly string[]): boolean {
  return asked.length > 0 ? allowed(verdict) : isGood(verdict) && verdict.rate_limit?.remaining !== 0;
}

function allowed(verdict: Verdict): boolean {
  return verdict.reason === 'ok' && verdict.rate_limit?.remaining !== 0;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['missing', 'There is no credential.'],
  ['malformed', 'This has not the form of any credential: a part may be missing, or a character is wrong.'],
  ['unknown', 'This server does not know it: never issued here, deleted, or for another audience.'],
  ['expired', 'It has expired.'],
  ['revoked', 'It was revoked.'],
  ['suspended', 'Its workspace is suspended.'],
  ['owner_inactive', 'Its owner is disabled.'],
  ['rate_limited', 'Its rate limit is used up.'],
]);

const KINDS: ReadonlyMap<string, string> = new Map([
  ['api_key', 'an API key'],
  ['personal_access_token', 'a personal access token'],
  ['oauth_access_token', 'an access token of an app that acts for a person'],
  ['oauth_client_token', 'an access token of a program that acts for itself'],
  ['session', 'a session'],
]);

function identityInWords({ credential, subject, workspace_id: workspace, client_id: client, role }: Verdict): string[] {
  if (credential === null) return [];
  const name = credential.name === null ? '' : ` called "${credential.name}"`;
  const environment = credential.environment === null ? '' : `, ${credential.environment}`;
  const place = workspace === null ? '' : ` in workspace ${workspace}`;
  const owner =
    subject === null
      ? 'It acts for nobody.'
      : subject.type === 'workspace'
        ? `It belongs to workspace ${subject.id}.`
        : `It acts for ${subject.type} ${subject.id}${place}${role === null ? '' : `, with the role ${role}`}.`;
  return [
    `This is ${KINDS.get(credential.type) ?? credential.type}${name} (id ${credential.id}${environment}).`,
    owner,
    ...(client === null || subject?.type === 'client' ? [] : [`It was given to the app ${client}.`]),
    credential.expires_at === null ? 'It does not expire.' : `It works until ${credential.expires_at}.`,
  ];
}

function rateLimitInWords({ rate_limit: standing }: Verdict): string {
  if (standing === null || standing.limit === null) return 'Its calls are not limited.';
  const until = standing.reset === null ? '' : ` until ${new Date(standing.reset * 1000).toISOString()}`;
  return `Of ${standing.limit} calls (tier ${standing.tier}), ${standing.remaining ?? 0} are left${until}.`;
}

function sentenceOf({ vocabulary }: Verdict, scope: string): string {
  return vocabulary.find(({ name }) => name === scope)?.description ?? 'not in the vocabulary';
}

function ruleInWords(
  { vocabulary, role, credential, client_id: client }: Verdict,
  scope: string,
  rule: string,
): string {
  const definition = vocabulary.find(({ name }) => name === scope);
  if (definition === undefined) return 'this scope is not in the vocabulary, so nothing covers it';
  if (rule === 'protected') {
    return definition.server
      ? `protected, and for the first workspace alone: covered there by its own name, by ${scope.split(':')[0]}:* or by *`
      : `protected: covered only by its own name, by ${scope.split(':')[0]}:* or by *`;
  }
  if (rule === 'client') return `the app ${client ?? ''} is not registered for it`.replace('  ', ' ');
  if (rule === 'grant') return 'never granted to this credential';
  if (rule !== 'role') return rule;
  if (credential?.type === 'api_key' || credential?.type === 'oauth_client_token') {
    return 'the ceiling of its workspace does not have it';
  }
  return role === null
    ? 'the role of its owner, or the ceiling of its workspace, does not have it'
    : `the role ${role} of its owner, or the ceiling of its workspace, does not have it`;
}
