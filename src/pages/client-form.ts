import type { Form } from '../http/read-form.ts';
import type { ClientKind, ShownClient } from './client-kinds.ts';
import { kindOf } from './client-kinds.ts';
import type { FieldError } from './page-parts.ts';

/** What stands in the fields of the form about a client, as it was typed. */
export interface ClientFields {
  readonly clientName: string;
  readonly workspaceId: string;
  /** One a line. */
  readonly redirectUris: string;
  readonly postLogoutRedirectUris: string;
  readonly native: boolean;
  readonly scopes: readonly string[];
  readonly clientUri: string;
  readonly authMethod: string;
  /** JSON of a key set. */
  readonly jwks: string;
  readonly jwksUri: string;
  /** A client that signs people in may also act for itself. */
  readonly actsForItself: boolean;
  readonly firstParty: boolean;
  readonly resourceServer: boolean;
}

/** Lists of the form, which may repeat. */
export const clientFormLists = ['scopes'] as const;

/** What the form of a new client begins with. */
export function emptyFields(kind: ClientKind, workspaceId: number | null, scopes: readonly string[]): ClientFields {
  return {
    clientName: '',
    workspaceId: workspaceId === null ? '' : String(workspaceId),
    redirectUris: '',
    postLogoutRedirectUris: '',
    native: false,
    scopes,
    clientUri: '',
    authMethod: kind.key === 'public' ? 'none' : 'client_secret_basic',
    jwks: '',
    jwksUri: '',
    actsForItself: false,
    firstParty: false,
    resourceServer: false,
  };
}

/** Fills in what an address says: a link from a README, or the way back from a fresh sign-in. */
export function prefilledFields(
  fields: ClientFields,
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
): ClientFields {
  const { name, redirect_uris: redirectUris, scopes } = query;
  return {
    ...fields,
    ...(typeof name === 'string' && { clientName: name.slice(0, 255) }),
    ...(typeof redirectUris === 'string' && { redirectUris: redirectUris.slice(0, 10_000) }),
    ...(typeof scopes === 'string' && { scopes: scopes.split(/[ ,]+/) }),
  };
}

/** The address of a new client's form with the main fields filled in. */
export function prefilledPath({ key }: ClientKind, fields: ClientFields): string {
  const query = new URLSearchParams({ type: key, name: fields.clientName, scopes: fields.scopes.join(' ') });
  if (fields.redirectUris !== '') query.set('redirect_uris', fields.redirectUris);
  return `/clients/new?${query}`;
}

/** What the form about a registered client begins with. */
export function fieldsOf(client: ShownClient): ClientFields {
  return {
    clientName: client.client_name,
    workspaceId: String(client.workspace_id),
    redirectUris: client.redirect_uris.join('\n'),
    postLogoutRedirectUris: client.post_logout_redirect_uris.join('\n'),
    native: client.application_type === 'native',
    scopes: client.scope.split(' ').filter((entry) => entry !== ''),
    clientUri: client.client_uri ?? '',
    authMethod: client.token_endpoint_auth_method,
    jwks: client.jwks === null ? '' : JSON.stringify(client.jwks, null, 2),
    jwksUri: client.jwks_uri ?? '',
    actsForItself: kindOf(client).key === 'web' && client.grant_types.includes('client_credentials'),
    firstParty: client.first_party,
    resourceServer: client.resource_server,
  };
}

/** Reads what was typed. */
export function readClientFields(form: Form): ClientFields {
  const ticked = (name: string): boolean => form.text(name) !== '';
  return {
    clientName: form.text('client_name').trim(),
    workspaceId: form.text('workspace_id'),
    redirectUris: form.text('redirect_uris'),
    postLogoutRedirectUris: form.text('post_logout_redirect_uris'),
    native: ticked('native'),
    scopes: form.list('scopes'),
    clientUri: form.text('client_uri').trim(),
    authMethod: form.text('token_endpoint_auth_method'),
    jwks: form.text('jwks').trim(),
    jwksUri: form.text('jwks_uri').trim(),
    actsForItself: ticked('acts_for_itself'),
    firstParty: ticked('first_party'),
    resourceServer: ticked('resource_server'),
  };
}

/** A body for the API, or what no body can be made of. */
export type ClientBody =
  | { readonly body: Readonly<Record<string, unknown>> }
  | { readonly errors: readonly FieldError[] };

/** Writes the body that registers a client. */
export function newClientBody(kind: ClientKind, fields: ClientFields): ClientBody {
  const authMethod = kind.key === 'public' ? 'none' : fields.authMethod;
  const shared = sharedBody(kind, { ...fields, authMethod });
  if ('errors' in shared) return shared;
  const { jwks, jwks_uri, client_uri, ...body } = shared.body;
  return {
    body: {
      ...body,
      token_endpoint_auth_method: authMethod,
      application_type: fields.native && kind.key !== 'machine' ? 'native' : 'web',
      ...(/^\d{1,15}$/.test(fields.workspaceId) && { workspace_id: Number(fields.workspaceId) }),
      // The API takes these where there is something to take.
      ...(jwks !== null && { jwks }),
      ...(jwks_uri !== null && { jwks_uri }),
      ...(client_uri !== null && { client_uri }),
    },
  };
}

/** Writes the body that changes a client; its kind and its way to prove itself stay what they are. */
export function changedClientBody(client: ShownClient, fields: ClientFields): ClientBody {
  return sharedBody(kindOf(client), { ...fields, authMethod: client.token_endpoint_auth_method });
}

function sharedBody(kind: ClientKind, fields: ClientFields): ClientBody {
  if (fields.clientName === '') {
    return { errors: [{ field: 'client_name', sentence: 'Give it a name: people see it when they are asked.' }] };
  }
  const withKey = fields.authMethod === 'private_key_jwt';
  const jwks = withKey && fields.jwks !== '' ? readJson(fields.jwks) : null;
  if (jwks === undefined) {
    return { errors: [{ field: 'jwks', sentence: 'This is no JSON. A key set begins with {"keys": [.' }] };
  }
  const signsIn = kind.key !== 'machine';
  return {
    body: {
      client_name: fields.clientName,
      grant_types: grantTypes(kind, fields),
      redirect_uris: signsIn ? linesOf(fields.redirectUris) : [],
      post_logout_redirect_uris: signsIn ? linesOf(fields.postLogoutRedirectUris) : [],
      scope: fields.scopes.join(' '),
      jwks,
      jwks_uri: withKey && fields.jwksUri !== '' ? fields.jwksUri : null,
      client_uri: fields.clientUri === '' ? null : fields.clientUri,
      first_party: signsIn && fields.firstParty,
      resource_server: kind.key !== 'public' && fields.resourceServer,
    },
  };
}

function grantTypes({ key }: ClientKind, { actsForItself }: ClientFields): readonly string[] {
  if (key === 'machine') return ['client_credentials'];
  const forPeople = ['authorization_code', 'refresh_token'];
  return key === 'web' && actsForItself ? [...forPeople, 'client_credentials'] : forPeople;
}

function linesOf(text: string): readonly string[] {
  return numberedLines(text).map(({ uri }) => uri);
}

function numberedLines(text: string): readonly { readonly number: number; readonly uri: string }[] {
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, uri: line.trim() }))
    .filter(({ uri }) => uri !== '');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const LISTS: readonly (readonly [field: string, typed: (fields: ClientFields) => string])[] = [
  ['redirect_uris', (fields) => fields.redirectUris],
  ['post_logout_redirect_uris', (fields) => fields.postLogoutRedirectUris],
];

/** Puts what the API refused beside the fields of the form: each redirect URI at its line, in the words of the page. */
export function clientErrors(
  errors: readonly FieldError[],
  fields: ClientFields,
  isNew: boolean,
): readonly FieldError[] {
  const remedy = isNew ? 'tick the box for devices' : 'this app is registered for https addresses only';
  return errors.map(({ field, sentence }) => {
    for (const [list, typed] of LISTS) {
      if (field !== list && !field.startsWith(`${list}.`)) continue;
      const inWords = sentence.replace('register the client as native', remedy);
      return { field: list, sentence: atItsLine(numberedLines(typed(fields)), field.slice(list.length + 1), inWords) };
    }
    const known = FIELDS.get(field.split('.')[0] ?? '');
    if (sentence === 'Invalid URL.')
      return { field: known ?? 'form', sentence: 'Write a whole address, with https://.' };
    return { field: known ?? 'form', sentence: known === undefined ? `${field}: ${sentence}` : sentence };
  });
}

/** Names of the API, and the fields of the page where their sentences stand. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['form', 'form'],
  ['client_name', 'client_name'],
  ['workspace_id', 'workspace_id'],
  ['scope', 'scopes'],
  ['jwks', 'jwks'],
  ['jwks_uri', 'jwks_uri'],
  ['client_uri', 'client_uri'],
  ['resource_server', 'resource_server'],
  ['token_endpoint_auth_method', 'token_endpoint_auth_method'],
]);

function atItsLine(lines: ReturnType<typeof numberedLines>, index: string, sentence: string): string {
  const line =
    index === '' ? lines.find(({ uri }) => sentence.startsWith(`${uri}: `)) : lines[Number(index.split('.')[0])];
  if (line === undefined) return sentence;
  const fault = sentence.startsWith(`${line.uri}: `) ? sentence.slice(line.uri.length + 2) : sentence;
  return `Line ${line.number} ${fault}`;
}
