import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, ClientSettings, IssuedClientSecret } from '../clients/client.ts';
import { LatchkeyError } from '../core/errors.ts';
import type { IssuedCredential } from '../credentials/credential.ts';
import type { IssueCredentialInput } from '../credentials/issue-credential.ts';
import { isEmail, normaliseEmail } from '../users/normalise-email.ts';
import type { UserRepository } from '../users/user-repository.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';

/** What the first start writes with. */
export interface FirstStartDeps {
  readonly users: UserRepository;
  readonly workspaces: WorkspaceRepository;
  /** Writes what the example API shows. */
  readonly seedExampleData: () => Promise<void>;
  readonly register: (input: {
    readonly settings: ClientSettings;
    readonly workspaceId: number;
    readonly createdBy: number | null;
  }) => Promise<{ readonly client: Client; readonly secret: IssuedClientSecret | null }>;
  readonly issueToken: (input: Omit<IssueCredentialInput, 'kind'>) => Promise<IssuedCredential>;
  readonly issueKey: (input: Omit<IssueCredentialInput, 'kind'>) => Promise<IssuedCredential>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly generatePassword: () => string;
  /** Makes a link with which somebody sets their password; null for somebody who is disabled. */
  readonly createLink: (input: {
    readonly email: string;
    readonly purpose: 'invitation';
  }) => Promise<{ readonly url: string } | null>;
}

/** A person with a role in the server's own workspace; what they sign in with is known this once. */
export interface NewPerson {
  readonly userId: number;
  readonly email: string;
  readonly workspaceId: number;
  readonly password: string;
}

/** An administrator as `bootstrap` leaves it: the link lets them choose a password, this once. */
export interface Administrator {
  readonly email: string;
  /** False when the account was there before. */
  readonly created: boolean;
  readonly link: string;
}

/** What decides how much the first start makes. */
export interface FirstStartFacts {
  readonly production: boolean;
  readonly issuer: string;
  readonly dataDir: string;
  readonly seedExamples: boolean;
}

const ADMINISTRATOR = { email: 'admin@localhost', name: 'Administrator', role: 'owner' } as const;
const EXAMPLE_MEMBER = { email: 'member@localhost', name: 'Example member', role: 'member' } as const;

/**
 * Makes what a newcomer needs, on the first start only: an administrator, the command line's credential, example data.
 * Gives the block to show, or null when there is nothing to tell. In production nothing is made: `latchkey bootstrap` is.
 */
export async function startForTheFirstTime(deps: FirstStartDeps, facts: FirstStartFacts): Promise<string | null> {
  if (facts.production || (await deps.workspaces.findOwn()) !== null) return null;
  const administrator = await makePerson(deps, ADMINISTRATOR);
  const commandLine = await deps.issueToken({
    ...issuedBy(administrator),
    name: 'Command line',
    scopes: ['*'],
    expiresAt: null,
  });
  writeCommandLineFile(facts.dataDir, facts.issuer, commandLine.text);
  const example = facts.seedExamples ? await seedExamples(deps, administrator) : null;
  return welcomeBlock(facts.issuer, administrator, example);
}

/** What the block tells about the example data: somebody with fewer rights, and a credential of each kind in clear. */
export interface ExampleData {
  readonly member: NewPerson;
  readonly machine: MachineCredential;
  readonly token: string;
  readonly key: string;
}

async function seedExamples(deps: FirstStartDeps, administrator: NewPerson): Promise<ExampleData> {
  const member = await makePerson(deps, EXAMPLE_MEMBER);
  await deps.seedExampleData();
  const scopes = ['posts:read', 'posts:write', 'categories:read', 'analytics:read'];
  const token = await deps.issueToken({ ...issuedBy(administrator), name: 'Example token', scopes });
  const key = await deps.issueKey({
    ...issuedBy(administrator),
    userId: null,
    name: 'Example key',
    scopes,
    environment: 'live',
  });
  const machine = await registerMachine(deps, administrator.workspaceId, 'Example server', scopes);
  await registerApps(deps, administrator);
  return { member, machine, token: token.text, key: key.text };
}

/** Two apps that people can let in: one on their own machine that can keep no secret, and one that can. */
async function registerApps(deps: FirstStartDeps, { userId, workspaceId }: NewPerson): Promise<void> {
  const app = {
    ...machineClient('', ['posts:*', 'categories:read', 'analytics:read']),
    grantTypes: ['authorization_code', 'refresh_token'] as const,
    redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    postLogoutRedirectUris: ['http://127.0.0.1/', 'http://localhost/'],
    applicationType: 'native',
  } as const;
  const createdBy = userId;
  const publicApp = { ...app, clientName: 'Example public app', authMethod: 'none' } as const;
  await deps.register({ settings: publicApp, workspaceId, createdBy });
  await deps.register({ settings: { ...app, clientName: 'Example web app' }, workspaceId, createdBy });
}

/** The administrator issues what the first start makes; nothing bounds them yet but the vocabulary. */
function issuedBy({ userId, workspaceId }: NewPerson): Pick<IssueCredentialInput, 'grantor' | 'userId' | 'createdBy'> {
  const everything = { grant: null, role: ['*'], client: null, workspace: ['*'], ownWorkspace: true };
  return {
    grantor: { limits: [everything], workspace: { id: workspaceId, tier: 'free' }, mayRaiseTier: true },
    userId,
    createdBy: userId,
  };
}

/** Makes a person whose password somebody else knows too, so that they are asked to change it. */
async function makePerson(
  deps: FirstStartDeps,
  { email, name, role }: { readonly email: string; readonly name: string; readonly role: string },
): Promise<NewPerson> {
  const workspace = await ownWorkspace(deps.workspaces);
  const password = deps.generatePassword();
  const passwordHash = await deps.hashPassword(password);
  const user = await deps.users.insert({ email, name, passwordHash, mustChangePassword: true });
  if (user === null) throw new Error(`${email} was there before the first start`);
  await deps.workspaces.setRole(workspace.id, user.id, role);
  return { userId: user.id, email, workspaceId: workspace.id, password };
}

/**
 * Makes somebody an owner of the server's own workspace, which is made first if need be. Somebody who was there before
 * keeps their password until they use the link, and is let in again if they were disabled.
 */
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
  const created = await deps.users.insert({ email, name: input.name, passwordHash: null, mustChangePassword: false });
  const user = created ?? (await deps.users.findByEmail(email));
  if (user === null) throw new Error('a user that could not be inserted could not be found either');
  if (user.disabledAt !== null) await deps.users.setDisabled(user.id, false);
  await deps.workspaces.setRole(workspace.id, user.id, 'owner');
  const link = await deps.createLink({ email, purpose: 'invitation' });
  if (link === null) throw new Error('no link could be made for an enabled user');
  return { email, created: created !== null, link: link.url };
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
export function writeCommandLineFile(dataDir: string, url: string, token: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const content = { url, token };
  writeFileSync(join(dataDir, commandLineFileName), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

/** What a newcomer sees on the terminal, once. */
export function welcomeBlock(issuer: string, administrator: NewPerson, example: ExampleData | null): string {
  const lines = [
    '',
    `Latchkey is ready at ${issuer}`,
    '',
    `  e-mail: ${administrator.email}`,
    `  password: ${administrator.password}`,
    '',
  ];
  if (example !== null) {
    const { member } = example;
    lines.push(
      `A member with fewer rights is there too: ${member.email} signs in with ${member.password}`,
      '',
      'One credential of each kind, each allowed to read the posts of the example API; these lines work when pasted:',
      '',
      ...exampleCommands(issuer, administrator, example).flatMap((line) => [line, '']),
      'This block is shown only once.',
      '',
    );
  }
  return lines.join('\n');
}

/** One command for each kind of credential; the session's cookie goes through a pipe, so that no file keeps it. */
function exampleCommands(issuer: string, { email, password }: NewPerson, example: ExampleData): readonly string[] {
  const posts = `${issuer}/v1/posts`;
  const basic = `${example.machine.clientId}:${example.machine.clientSecret}`;
  const access = `curl -s -u '${basic}' -d grant_type=client_credentials -d scope=posts:read ${issuer}/oauth/token`;
  const login = `-H 'Content-Type: application/json' -d '${JSON.stringify({ email, password })}' ${issuer}/login`;
  return [
    `curl -H "Authorization: Bearer $(${access} | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')" ${posts}`,
    `curl -H 'Authorization: Bearer ${example.token}' ${posts}`,
    `curl -u ${example.key}: ${posts}`,
    `curl -s -o /dev/null -c - ${login} | curl -b - ${posts}`,
  ];
}
