import { z } from 'zod';
import type { ClientRepository } from '../clients/client-repository.ts';
import { NotFound } from '../core/errors.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { defaultReportDays, hoursKeptDays, longestReportDays, type reportUsage } from '../usage/report-usage.ts';
import { type CredentialCaller, type FindGrantor, findManagedKey, userIdOf } from './keys-access.ts';
import { unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, type ApiAnswer, route } from './route.ts';
import { rowId } from './row-id.ts';

/** What the routes of usage need. */
export interface UsageRoutesDeps {
  readonly report: ReturnType<typeof reportUsage>;
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly clients: Pick<ClientRepository, 'find'>;
  /** The rule of who manages the keys of a workspace. */
  readonly findGrantor: FindGrantor;
}

const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'Must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31',
  })
  .optional();

/** Query members of a report: `[from, to)`, a week up to now unless said, by the `hour` or (unless said) the `day`. */
export const usageQuery = z.strictObject({
  from: moment,
  to: moment,
  interval: z.enum(['hour', 'day'], { error: 'Must be hour or day' }).default('day'),
});

const count = z.number().int().min(0);

/** What a report answers. */
export const usageAnswer = z.object({
  total: count,
  data: z.array(z.object({ at: z.iso.datetime(), allowed: count, denied: count })),
});

const summary = (of: string): string =>
  `Show the use of ${of} in hours or days of UTC; ${defaultReportDays} days unless asked, ${longestReportDays} at most, by the hour for the last ${hoursKeptDays}`;

/** The routes that tell how much a key, a token or a client was used, for whoever may see the thing itself. */
export function usageRoutes(deps: UsageRoutesDeps): readonly AnyRoute[] {
  const findKey = findManagedKey(deps);

  async function answer(meter: string, query: z.output<typeof usageQuery>): Promise<ApiAnswer> {
    const { total, data } = await deps.report({
      meter,
      from: query.from === undefined ? null : new Date(query.from),
      to: query.to === undefined ? null : new Date(query.to),
      interval: query.interval,
    });
    return { status: 200, body: { total, data: data.map(({ at, ...sums }) => ({ at: at.toISOString(), ...sums })) } };
  }

  async function findOwnToken(caller: CredentialCaller, id: string | undefined): Promise<Credential> {
    const userId = userIdOf(caller);
    if (userId === null) throw unauthorizedAction('only a person has personal access tokens');
    const token = await deps.credentials.find('personal_access_token', rowId(id));
    const { credential, workspaceId } = caller.principal;
    const isInReach = credential.type === 'session' || token?.workspaceId === workspaceId;
    if (token?.userId !== userId || !isInReach) throw new NotFound();
    return token;
  }

  return [
    route({
      method: 'GET',
      path: '/api/keys/:id/usage',
      summary: summary('an API key'),
      access: { scopes: ['keys:manage'] },
      query: usageQuery,
      answers: { 200: usageAnswer },
      async handle({ params, query, ...caller }) {
        const { key } = await findKey(caller, params.id);
        return answer(`credential:${key.id}`, query);
      },
    }),
    route({
      method: 'GET',
      path: '/api/tokens/:id/usage',
      summary: summary('one of your personal access tokens'),
      access: { scopes: ['tokens:manage'] },
      query: usageQuery,
      answers: { 200: usageAnswer },
      async handle({ params, query, ...caller }) {
        const token = await findOwnToken(caller, params.id);
        return answer(`credential:${token.id}`, query);
      },
    }),
    route({
      method: 'GET',
      path: '/api/clients/:client_id/usage',
      summary: summary('an OAuth client, with all of its tokens'),
      access: { scopes: ['admin:clients'] },
      query: usageQuery,
      answers: { 200: usageAnswer },
      async handle({ params, query }) {
        const clientId = params.client_id ?? '';
        const client = clientId.includes('\0') ? null : await deps.clients.find(clientId);
        if (client === null) throw new NotFound();
        return answer(`client:${client.clientId}`, query);
      },
    }),
  ];
}
