import type { JsonSchema, OpenApiDocument, Operation } from '../http/open-api-document.ts';
import { resolve } from './api-docs-fields.ts';

/** Writes a command that makes the call, with `curl` and the public address of the server. */
export function exampleCommand(document: OpenApiDocument, method: string, path: string, operation: Operation): string {
  const url =
    (document.servers[0]?.url ?? '') + path.replaceAll(/\{([a-z_]+)\}/g, (_, name) => PATH_VALUES.get(name) ?? '7');
  const query = QUERIES.get(operation.operationId) ?? '';
  const isForm = operation.requestBody !== undefined && !('application/json' in operation.requestBody.content);
  const schema = operation.requestBody?.content['application/json']?.schema;
  const body = schema === undefined ? null : JSON.stringify(exampleOf(document, '', schema));
  const options = [
    ...(method === 'GET' || (method === 'POST' && (body !== null || isForm)) ? [] : [`-X ${method}`]),
    ...authentication(operation),
    ...(body === null ? [] : [`-H 'Content-Type: application/json'`, `-d '${body}'`]),
    ...(isForm ? [FORMS.get(operation.operationId) ?? `-d token="$TOKEN"`] : []),
  ];
  return ['curl', ...options.map((option) => `${option} \\\n `), `'${url}${query}'`].join(' ');
}

const PATH_VALUES: ReadonlyMap<string, string> = new Map([['client_id', 'CLIENT_ID']]);
const QUERIES: ReadonlyMap<string, string> = new Map([
  ['deleteKey', '?confirm=Mobile%20app'],
  ['verifyForProxy', '?scope=posts:read'],
  ['authorize', '?response_type=code&client_id=CLIENT_ID&scope=posts:read&code_challenge=…&code_challenge_method=S256'],
]);
const FORMS: ReadonlyMap<string, string> = new Map([
  ['issueAccessToken', '-u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials'],
  ['introspect', '-u "$CLIENT_ID:$CLIENT_SECRET" -d token="$TOKEN"'],
  [
    'pushAuthorizationRequest',
    '-u "$CLIENT_ID:$CLIENT_SECRET" -d response_type=code -d code_challenge=… -d code_challenge_method=S256',
  ],
]);

function authentication({ security, operationId }: Operation): readonly string[] {
  if (operationId === 'getUserInfo') return [`-H "Authorization: Bearer $TOKEN"`];
  if (security.length === 0) return [];
  if (security.some((way) => 'bearer' in way)) return [`-H "Authorization: Bearer $TOKEN"`];
  return ['-b cookies.txt', `-H "X-XSRF-TOKEN: $XSRF_TOKEN"`, '-H "Origin: $ORIGIN"'];
}

const VALUES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['name', 'Mobile app'],
  ['client_name', 'Mobile app'],
  ['email', 'ada@example.com'],
  ['password', 'a quiet river in the north'],
  ['current_password', 'a quiet river in the south'],
  ['credential', 'sk_live_…'],
  ['role', 'member'],
  ['scopes', ['posts:read']],
  ['scope', 'posts:read'],
]);

/** A value that fits: the required members of an object, and a name where nothing is required. */
function exampleOf(document: OpenApiDocument, name: string, schema: JsonSchema): unknown {
  const known = VALUES.get(name);
  if (known !== undefined) return known;
  const { anyOf, type, properties, required, enum: values } = resolve<JsonSchema>(document, schema);
  if (Array.isArray(anyOf)) return exampleOf(document, name, anyOf[0]);
  if (Array.isArray(values)) return values[0];
  if (type === 'object') {
    const members = (properties ?? {}) as Readonly<Record<string, JsonSchema>>;
    const needed = Array.isArray(required) && required.length > 0 ? required : Object.keys(members).slice(0, 1);
    return Object.fromEntries(needed.map((key) => [key, exampleOf(document, key, members[key] ?? {})]));
  }
  if (type === 'integer') return 7;
  if (type === 'boolean') return true;
  return type === 'array' ? [] : 'text';
}
