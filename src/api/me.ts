import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { type AnyRoute, route } from './route.ts';

/** What `/api/me` needs: who stands behind each kind of subject. */
export interface MeRoutesDeps {
  readonly findUser: (
    id: number,
  ) => Promise<{ readonly id: number; readonly email: string; readonly name: string } | null>;
  readonly findWorkspace: (id: number) => Promise<{ readonly id: number; readonly name: string } | null>;
  /** Scopes, those of OpenID Connect among them, that a person has agreed to with a client; empty without an agreement. */
  readonly agreedScopes: (userId: number, clientId: string, workspaceId: number | null) => Promise<readonly string[]>;
  readonly findClient: (clientId: string) => Promise<{ readonly clientId: string; readonly clientName: string } | null>;
}

const meAnswer = z.object({
  /* An app learns a person's `email` and `name` only where the person agreed to these scopes. */
  user: z.object({ id: z.number().int(), email: z.string().optional(), name: z.string().optional() }).optional(),
  workspace: z.object({ id: z.number().int(), name: z.string() }).optional(),
  client: z.object({ client_id: z.string(), client_name: z.string() }).optional(),
  credential: z.object({
    type: z.string(),
    id: z.union([z.number().int(), z.string()]),
    name: z.string().nullable(),
    scopes: z.array(z.string()),
    environment: z.string().nullable(),
    expires_at: z.iso.datetime().nullable(),
    workspace_id: z.number().int().nullable(),
  }),
});

type Subject = Pick<z.input<typeof meAnswer>, 'user' | 'workspace' | 'client'>;

/** The route of `/api/me`: who the caller is, and by which credential. */
export function meRoutes(deps: MeRoutesDeps): readonly AnyRoute[] {
  async function subjectOf({ subject: { type, id }, clientId, workspaceId }: Principal): Promise<Subject | null> {
    if (type === 'client') {
      const client = await deps.findClient(String(id));
      return client && { client: { client_id: client.clientId, client_name: client.clientName } };
    }
    if (type === 'workspace') {
      const workspace = await deps.findWorkspace(Number(id));
      return workspace && { workspace: { id: workspace.id, name: workspace.name } };
    }
    const user = await deps.findUser(Number(id));
    if (user === null || clientId === null)
      return user && { user: { id: user.id, email: user.email, name: user.name } };
    const agreed = await deps.agreedScopes(user.id, clientId, workspaceId);
    const email = agreed.includes('email') && { email: user.email };
    return { user: { id: user.id, ...email, ...(agreed.includes('profile') && { name: user.name }) } };
  }

  return [
    route({
      method: 'GET',
      path: '/api/me',
      summary: 'Show who you are, and by which credential',
      access: 'any_credential',
      answers: { 200: meAnswer },
      async handle({ principal }) {
        const subject = await subjectOf(principal);
        if (subject === null) throw new NotFound();
        const { type, id, name, environment, expiresAt } = principal.credential;
        const credential = {
          type,
          id,
          name,
          scopes: [...principal.scopes],
          environment,
          expires_at: expiresAt?.toISOString() ?? null,
          workspace_id: principal.workspaceId,
        };
        return { status: 200, body: { ...subject, credential } };
      },
    }),
  ];
}
