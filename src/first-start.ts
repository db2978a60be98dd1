import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, ClientSettings, IssuedClientSecret } from './clients/client.ts';
import { LatchkeyError } from './core/errors.ts';
import type { PostRepository } from './example-api/post.ts';
import { isEmail, normaliseEmail } from './users/normalise-email.ts';
import type { UserRepository } from './users/user-repository.ts';
import type { Workspace } from './workspaces/workspace.ts';
import type { WorkspaceRepository } from './workspaces/workspace-repository.ts';

/** What the first start writes with. */
export interface FirstStartDeps {
  readonly users: UserRepository;
  readonly workspaces: WorkspaceRepository;
  readonly posts: Pick<PostRepository, 'insert'>;
  readonly register: (input: {
    readonly settings: ClientSettings;
    readonly workspaceId: number;
    readonly createdBy: number | null;
  }) => Promise<{ readonly client: Client; readonly secret: IssuedClientSecret | null }>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly generatePassword: () => string;
}

/** An administrator as `bootstrap` leaves it; the password is known this once, when the account is new. */
export interface Administrator {
  readonly userId: number;
  readonly email: string;
  readonly workspaceId: number;
  readonly password: string | null;
}

/** What decides how much the first start makes. */
export interface FirstStartFacts {
  readonly production: boolean;
  readonly issuer: string;
  readonly dataDir: string;
  readonly seedExamples: boolean;
}

const ADMINISTRATOR_EMAIL = 'admin@localhost';

/**
 * Makes what a newcomer needs, on the first start only: an administrator, the command line's credential, example data.
 * Gives the block to show, or null when there is nothing to tell. In production nothing is made: `latchkey bootstrap` is.
 */
export async function startForTheFirstTime(deps: FirstStartDeps, facts: FirstStartFacts): Promise<string | null> {
  if (facts.production || (await deps.workspaces.findOwn()) !== null) return null;
  const administrator = await makeAdministrator(deps, { email: ADMINISTRATOR_EMAIL, name: 'Administrator' });
  const commandLine = await registerMachine(deps, administrator.workspaceId, 'Command line', ['*']);
  writeCommandLineFile(facts.dataDir, facts.issuer, commandLine);
  const example = facts.seedExamples ? await seedExamples(deps, administrator.workspaceId) : null;
  return welcomeBlock(facts.issuer, administrator, example);
}

async function seedExamples(deps: FirstStartDeps, workspaceId: number): Promise<MachineCredential> {
  await deps.posts.insert('live', { title: 'Hello, world', body: 'The first post of the example API.' });
  await deps.posts.insert('live', {
    title: 'One vocabulary',
    body: 'Whatever the credential, its scopes mean the same.',
  });
  await deps.posts.insert('test', { title: 'Hello, test', body: 'Only test keys see this one.' });
  return registerMachine(deps, workspaceId, 'Example server', [
    'posts:read',
    'posts:write',
    'categories:read',
    'analytics:read',
  ]);
}

/** Makes somebody an owner of the server's own workspace, which is made first if need be. */
export async function makeAdministrator(
  deps: FirstStartDeps,
  input: { readonly email: string; readonly name: string },
): Promise<Administrator> {
  const email = normaliseEmail(input.email);
  if (!isEmail(email)) {
    throw new LatchkeyError({
      status: 422,
      code: 'invalid_email',
      description: `${input.email} is not an e-mail address.`,
    });
  }
  const workspace = await ownWorkspace(deps.workspaces);
  const password = deps.generatePassword();
  const created = await deps.users.insert({
    email,
    name: input.name,
    passwordHash: await deps.hashPassword(password),
    mustChangePassword: true,
  });
  const user = created ?? (await deps.users.findByEmail(email));
  if (user === null) throw new Error('a user that could not be inserted could not be found either');
  await deps.workspaces.setRole(workspace.id, user.id, 'owner');
  return { userId: user.id, email, workspaceId: workspace.id, password: created === null ? null : password };
}

async function ownWorkspace(workspaces: WorkspaceRepository): Promise<Workspace> {
  return (await workspaces.findOwn()) ?? workspaces.insert({ name: 'Main', own: true });
}

/** A confidential client that acts for itself. */
function machineClient(clientName: string, scopes: readonly string[]): ClientSettings {
  return {
    clientName,
    scopes,
    grantTypes: ['client_credentials'],
    redirectUris: [],
    postLogoutRedirectUris: [],
    authMethod: 'client_secret_basic',
    applicationType: 'web',
    jwks: null,
    jwksUri: null,
    clientUri: null,
    firstParty: false,
    resourceServer: false,
  };
}

/** A client and its secret in clear, to be shown or written once. */
export interface MachineCredential {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Registers a machine client of the server's own workspace and gives its credential. */
export async function registerMachine(
  deps: Pick<FirstStartDeps, 'register'>,
  workspaceId: number,
  name: string,
  scopes: readonly string[],
): Promise<MachineCredential> {
  const { client, secret } = await deps.register({
    settings: machineClient(name, scopes),
    workspaceId,
    createdBy: null,
  });
  if (secret === null) throw new Error('a machine client was registered without a secret');
  return { clientId: client.clientId, clientSecret: secret.clientSecret };
}

/** Name of the file in the data folder with which the command line of this machine identifies itself. */
export const commandLineFileName = 'cli.json';

/** Writes the credential of this machine's command line, readable by its owner only. */
export function writeCommandLineFile(dataDir: string, url: string, machine: MachineCredential): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const content = { url, client_id: machine.clientId, client_secret: machine.clientSecret };
  writeFileSync(join(dataDir, commandLineFileName), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

/** What a newcomer sees on the terminal, once. */
export function welcomeBlock(issuer: string, administrator: Administrator, example: MachineCredential | null): string {
  const lines = [
    '',
    `Latchkey is ready at ${issuer}`,
    '',
    `  e-mail: ${administrator.email}`,
    `  password: ${administrator.password ?? '(unchanged)'}`,
    '',
  ];
  if (example !== null) {
    const basic = `${example.clientId}:${example.clientSecret}`;
    const token = `curl -s -u '${basic}' -d grant_type=client_credentials -d scope=posts:read ${issuer}/oauth/token`;
    lines.push(
      'Try a credential; this line works when pasted:',
      '',
      `curl -H "Authorization: Bearer $(${token} | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')" ${issuer}/v1/posts`,
      '',
      'This block is shown only once.',
      '',
    );
  }
  return lines.join('\n');
}
