import type {
  HeaderObject,
  JsonSchema,
  OpenApiDocument,
  Parameter,
  Reference,
  ResponseObject,
} from '../http/open-api-document.ts';

const text: JsonSchema = { type: 'string' };
const count: JsonSchema = { type: 'integer' };

function shape(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

/** The bodies of refusals. */
export const refusalSchemas: Readonly<Record<string, JsonSchema>> = {
  Message: shape({ message: text }),
  Forbidden: shape(
    {
      message: text,
      required_scope: { ...text, description: 'The scopes that the call needs, separated by spaces.' },
      provided_scopes: { type: 'array', items: text, description: 'The scopes that the credential has in effect.' },
      retry_after: { ...count, description: 'Seconds, where /verify?mode=nginx answers 403 instead of 429.' },
      reauthenticate: {
        type: 'boolean',
        description: 'True where a session must have given the password in the last ten minutes: sign in again.',
      },
    },
    ['required_scope', 'provided_scopes', 'retry_after', 'reauthenticate'],
  ),
  Conflict: shape(
    {
      message: text,
      id: { type: ['integer', 'string'], description: 'What the first call with this Idempotency-Key made.' },
      replaced_by: { type: ['integer', 'null'], description: 'The key that replaces this one already.' },
      replaces: { description: 'The key that this one still replaces.' },
    },
    ['id', 'replaced_by', 'replaces'],
  ),
  Invalid: shape({
    message: text,
    errors: {
      type: 'object',
      additionalProperties: { type: 'array', items: text },
      description: 'Sentences for every field at fault.',
    },
  }),
  TooManyRequests: shape({ message: text, retry_after: { ...count, description: 'Seconds.' } }),
  InternalError: shape({ message: text, request_id: text }),
};

/** Headers of answers. */
export const answerHeaders: Readonly<Record<string, HeaderObject>> = {
  'X-Request-Id': { description: 'Names this request in the log of the server.', schema: text },
  'X-RateLimit-Limit': { description: 'Calls in the window; absent where they are unlimited.', schema: count },
  'X-RateLimit-Remaining': { description: 'Calls left in the window.', schema: count },
  'X-RateLimit-Reset': { description: 'The end of the window, in seconds since 1970.', schema: count },
  RateLimit: { description: 'The same by the draft of the IETF.', schema: text },
  'RateLimit-Policy': { description: 'The limit and its window, by the draft of the IETF.', schema: text },
  'Retry-After': { description: 'Seconds to wait.', schema: count },
  'WWW-Authenticate': { description: 'The challenge (RFC 6750 section 3).', schema: text },
  Sunset: { description: 'When a key that is being replaced stops working (RFC 8594).', schema: text },
};

/** Parameters that several calls share. */
export const sharedParameters: Readonly<Record<string, Parameter>> = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'A repeat with the same value within 24 hours makes nothing and answers 409 with the id of the first.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
};

const RATE_LIMIT_HEADERS = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit',
  'RateLimit-Policy',
  'Sunset',
];

/** Points at headers of `answerHeaders` by their names. */
export function headersOf(...names: readonly string[]): Readonly<Record<string, Reference>> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The headers of every answer to a good credential. */
export const standingHeaderRefs: Readonly<Record<string, Reference>> = headersOf('X-Request-Id', ...RATE_LIMIT_HEADERS);

const refusals: readonly (readonly [
  status: number,
  name: string,
  description: string,
  schema: string,
  more: readonly string[],
])[] = [
  [
    400,
    'BadRequest',
    'The request can not be understood: broken JSON, two credentials, or one in the URL.',
    'Message',
    [],
  ],
  [401, 'Unauthenticated', 'No credential, or one that is not good (any more).', 'Message', ['WWW-Authenticate']],
  [
    403,
    'Forbidden',
    'The credential is good and may not do this: a scope is missing, the workspace is suspended, or a page of another site asks.',
    'Forbidden',
    ['WWW-Authenticate', ...RATE_LIMIT_HEADERS],
  ],
  [404, 'NotFound', 'There is no such thing, or it belongs to somebody else.', 'Message', RATE_LIMIT_HEADERS],
  [409, 'Conflict', 'The request contradicts how things stand.', 'Conflict', RATE_LIMIT_HEADERS],
  [413, 'TooLarge', 'The body is larger than 64 kB.', 'Message', []],
  [415, 'UnsupportedMediaType', 'The body is not JSON.', 'Message', []],
  [422, 'Invalid', 'The input is understood and not acceptable.', 'Invalid', RATE_LIMIT_HEADERS],
  [429, 'TooManyRequests', 'Too many requests.', 'TooManyRequests', ['Retry-After', ...RATE_LIMIT_HEADERS]],
  [500, 'InternalError', 'A fault of the server.', 'InternalError', []],
  [
    503,
    'Unavailable',
    'Something the server depends on does not answer; nothing is allowed.',
    'Message',
    ['Retry-After'],
  ],
];

/** The refusals that calls share, as components. */
export const refusalResponses: Readonly<Record<string, ResponseObject>> = Object.fromEntries(
  refusals.map(([, name, description, schema, more]) => [
    name,
    {
      description,
      headers: headersOf('X-Request-Id', ...more),
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
    },
  ]),
);

/** Points at the shared refusals with these statuses. */
export function refusalsWith(...statuses: readonly number[]): Readonly<Record<string, Reference>> {
  const wanted = refusals.filter(([status]) => statuses.includes(status));
  return Object.fromEntries(
    wanted.map(([status, name]) => [String(status), { $ref: `#/components/responses/${name}` }]),
  );
}

/** What decides how callers authenticate. */
export interface SecuritySettings {
  readonly issuer: string;
  readonly sessionCookieName: string;
  /** Sentences of the vocabulary by scope. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** The ways to authenticate. */
export function securitySchemes({
  issuer,
  sessionCookieName,
  scopes,
}: SecuritySettings): OpenApiDocument['components']['securitySchemes'] {
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'A personal access token, an API key or an OAuth access token.',
    },
    apiKey: {
      type: 'http',
      scheme: 'basic',
      description: 'An API key as the user name, with an empty password.',
    },
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: sessionCookieName,
      description: 'The session of a first-party page.',
    },
    xsrf: {
      type: 'apiKey',
      in: 'header',
      name: 'X-XSRF-TOKEN',
      description: 'The value of the XSRF-TOKEN cookie, beside a session in every call that changes something.',
    },
    resourceServer: {
      type: 'http',
      scheme: 'basic',
      description: 'Client id and secret of an OAuth client that is marked as a resource server.',
    },
    oauth: {
      type: 'oauth2',
      description: 'Access tokens of apps and programs, as a bearer.',
      flows: {
        authorizationCode: {
          authorizationUrl: `${issuer}/oauth/authorize`,
          tokenUrl: `${issuer}/oauth/token`,
          refreshUrl: `${issuer}/oauth/token`,
          scopes,
        },
        clientCredentials: { tokenUrl: `${issuer}/oauth/token`, scopes },
      },
    },
  };
}
