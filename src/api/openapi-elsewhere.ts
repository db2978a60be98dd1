import type { JsonSchema, Operation, Parameter, PathItem, ResponseObject } from '../http/open-api-document.ts';
import { signInAnswer, signInBody } from './credential-schemas.ts';
import { requestBodyOf } from './openapi-operations.ts';
import { headersOf, refusalsWith, standingHeaderRefs } from './openapi-refusals.ts';
import type { SchemaWriter } from './openapi-schemas.ts';
import { resources } from './openapi-words.ts';

/** The calls that are no routes of the JSON API: verification for proxies, sessions, and the standard endpoints. */
export function pathsElsewhere(schemas: SchemaWriter): Readonly<Record<string, PathItem>> {
  return { ...verifyPath(), ...sessionPaths(schemas), ...oauthPaths(), ...ownPath() };
}

const text: JsonSchema = { type: 'string' };
const tag = (key: string): readonly string[] => [resources[key]?.[0] ?? key];
const requestId = headersOf('X-Request-Id');

function json(description: string, schema: JsonSchema): ResponseObject {
  return { description, headers: requestId, content: { 'application/json': { schema } } };
}

const CALLER_HEADERS = [
  'X-Auth-Subject-Type',
  'X-Auth-Subject',
  'X-Auth-Credential-Type',
  'X-Auth-Credential-Id',
  'X-Auth-Workspace',
  'X-Auth-Client',
  'X-Auth-Environment',
  'X-Auth-Scopes',
];

function verifyPath(): Readonly<Record<string, PathItem>> {
  const query = (name: string, description: string, schema: JsonSchema): Parameter => ({
    name,
    in: 'query',
    required: false,
    description,
    schema,
  });
  const callers = CALLER_HEADERS.map((name) => [
    name,
    { description: 'Who calls; empty without a value.', schema: text },
  ]);
  const get: Operation = {
    tags: tag('verify'),
    operationId: 'verifyForProxy',
    summary: 'Decide about the credential of a request, for a reverse proxy',
    description:
      'Any method. For nginx (auth_request), Caddy (forward_auth), Traefik and Envoy: the proxy passes the headers of the request on, and lets it through on 200 alone.',
    parameters: [
      query('scope', 'The scopes needed, all of them; repeats, or separated by spaces.', text),
      query('any', 'Scopes of which one is enough, separated by commas.', text),
      query('audience', 'The resource the credential must be for.', text),
      query('mode', 'nginx: answer 403 instead of 429, which auth_request would turn into 500.', {
        type: 'string',
        enum: ['nginx'],
      }),
    ],
    responses: {
      200: { description: 'Allowed.', headers: { ...standingHeaderRefs, ...Object.fromEntries(callers) } },
      ...refusalsWith(400, 401, 403, 429, 500, 503),
    },
    security: [{ bearer: [] }, { apiKey: [] }, { oauth: [] }, { session: [] }],
  };
  return { '/verify': { get } };
}

function sessionPaths(schemas: SchemaWriter): Readonly<Record<string, PathItem>> {
  const credentials = {
    type: 'object',
    properties: { email: text, password: text },
    required: ['email', 'password'],
  };
  const user = {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      email: text,
      name: text,
      must_change_password: { type: 'boolean' },
      created_at: { type: 'string', format: 'date-time' },
    },
    required: ['id', 'email', 'name', 'must_change_password', 'created_at'],
  };
  const signedIn = { type: 'object', properties: { user }, required: ['user'] };
  const login: Operation = {
    tags: tag('sessions'),
    operationId: 'signIn',
    summary: 'Start a session from a first-party page',
    requestBody: { required: true, content: { 'application/json': { schema: credentials } } },
    responses: {
      200: json('Signed in; the cookie comes along.', signedIn),
      ...refusalsWith(400, 403, 413, 415, 422, 429, 500, 503),
    },
    security: [],
  };
  const logout: Operation = {
    tags: tag('sessions'),
    operationId: 'signOut',
    summary: 'End the session',
    responses: { 204: { description: 'Signed out.', headers: requestId }, ...refusalsWith(403, 500, 503) },
    security: [{ session: [], xsrf: [] }],
  };
  const csrf: Operation = {
    tags: tag('sessions'),
    operationId: 'getCsrfCookie',
    summary: 'Set the XSRF-TOKEN cookie, whose value goes back in X-XSRF-TOKEN',
    responses: { 204: { description: 'The cookie is set.', headers: requestId }, ...refusalsWith(500, 503) },
    security: [],
  };
  const token: Operation = {
    tags: tag('sessions'),
    operationId: 'signInForToken',
    summary: 'Get a personal access token for an e-mail address and a password',
    description: 'For mobile apps and scripts without a browser.',
    requestBody: requestBodyOf(signInBody, schemas),
    responses: {
      200: json('The token, shown this once.', schemas.output(signInAnswer)),
      ...refusalsWith(400, 403, 409, 413, 415, 422, 429, 500, 503),
    },
    security: [],
  };
  return {
    '/login': { post: login },
    '/logout': { post: logout },
    '/csrf-cookie': { get: csrf },
    '/auth/login': { post: token },
  };
}

/** Method, path, name, what it does, RFC; their bodies are the RFCs' affair. */
const STANDARD: readonly (readonly [method: 'get' | 'post', path: string, id: string, does: string, url: string])[] = [
  [
    'get',
    '/oauth/authorize',
    'authorize',
    'Ask a person to let an app in',
    'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1',
  ],
  [
    'post',
    '/oauth/token',
    'issueAccessToken',
    'Exchange a code, a refresh token or a secret for tokens',
    'https://www.rfc-editor.org/rfc/rfc6749#section-3.2',
  ],
  [
    'post',
    '/oauth/par',
    'pushAuthorizationRequest',
    'Push an authorization request',
    'https://www.rfc-editor.org/rfc/rfc9126',
  ],
  [
    'post',
    '/oauth/introspect',
    'introspect',
    'Say what a credential of any kind is',
    'https://www.rfc-editor.org/rfc/rfc7662',
  ],
  ['post', '/oauth/revoke', 'revoke', 'End a credential of any kind', 'https://www.rfc-editor.org/rfc/rfc7009'],
  [
    'get',
    '/oauth/userinfo',
    'getUserInfo',
    'Say who the person is',
    'https://openid.net/specs/openid-connect-core-1_0.html#UserInfo',
  ],
  ['get', '/oauth/jwks', 'getKeySet', 'Publish the keys that verify JWTs', 'https://www.rfc-editor.org/rfc/rfc7517'],
  [
    'get',
    '/oauth/logout',
    'endOauthSession',
    'Sign out and go back to the app',
    'https://openid.net/specs/openid-connect-rpinitiated-1_0.html',
  ],
  [
    'get',
    '/.well-known/openid-configuration',
    'getOpenIdConfiguration',
    'Describe these endpoints',
    'https://openid.net/specs/openid-connect-discovery-1_0.html',
  ],
  [
    'get',
    '/.well-known/oauth-authorization-server',
    'getServerMetadata',
    'Describe these endpoints',
    'https://www.rfc-editor.org/rfc/rfc8414',
  ],
];

function oauthPaths(): Readonly<Record<string, PathItem>> {
  return Object.fromEntries(
    STANDARD.map(([method, path, operationId, summary, url]) => {
      const form = { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } };
      const operation: Operation = {
        tags: tag('oauth'),
        operationId,
        summary,
        externalDocs: { url },
        ...(method === 'post' && { requestBody: { required: true, content: form } }),
        responses: { default: { description: 'As the standard says.' } },
        security: [],
      };
      return [path, { [method]: operation }];
    }),
  );
}

function ownPath(): Readonly<Record<string, PathItem>> {
  const get: Operation = {
    tags: tag('description'),
    operationId: 'getDescription',
    summary: 'Describe every call: this document',
    responses: { 200: json('OpenAPI 3.1.', { type: 'object' }), 304: { description: 'Unchanged.' } },
    security: [],
  };
  return { '/api/openapi.json': { get } };
}
