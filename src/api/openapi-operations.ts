import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import type {
  JsonSchema,
  Operation,
  Parameter,
  Reference,
  ResponseObject,
  Security,
} from '../http/open-api-document.ts';
import { refusalsWith, standingHeaderRefs } from './openapi-refusals.ts';
import type { SchemaWriter } from './openapi-schemas.ts';
import { fieldSentences, resourceOf } from './openapi-words.ts';
import type { Access, AnyRoute } from './route.ts';

/** Describes one declared route. */
export function operationOf(one: AnyRoute, schemas: SchemaWriter): Operation {
  const parameters = [...pathParameters(one.path), ...queryParameters(one, schemas), ...headerParameters(one)];
  const required = requiredScopes(one.access);
  return {
    tags: [resourceOf(one.path)],
    operationId: operationIdOf(one),
    summary: one.summary,
    ...(one.uncounted === true && { description: 'Does not count against the rate limit of the caller.' }),
    ...(parameters.length > 0 && { parameters }),
    ...(one.body !== undefined && { requestBody: requestBodyOf(one.body, schemas) }),
    responses: { ...answersOf(one, schemas), ...refusalsWith(...refusedStatuses(one)) },
    security: securityOf(one),
    ...(required.length > 0 && { 'x-required-scopes': required }),
  };
}

/** The path of a route as OpenAPI writes it: `:id` is `{id}`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:([a-z_]+)/g, '{$1}');
}

/** Reads a body schema as the content of a request. */
export function requestBodyOf(body: z.ZodType, schemas: SchemaWriter): NonNullable<Operation['requestBody']> {
  const schema = schemas.input(body);
  const members = schema.required;
  const required = !('properties' in schema) || (Array.isArray(members) && members.length > 0);
  return { required, content: { 'application/json': { schema } } };
}

function requiredScopes(access: Access): readonly string[] {
  if (access === 'resource_server') return ['credentials:introspect'];
  return typeof access === 'string' ? [] : access.scopes;
}

/** The ways in; a session needs its second half wherever something changes. */
function securityOf({ access, method }: AnyRoute): Security {
  const scopes = requiredScopes(access);
  const session = method === 'GET' ? { session: scopes } : { session: scopes, xsrf: [] };
  if (access === 'session') return [session];
  const programs = [{ bearer: scopes }, { apiKey: scopes }, { oauth: scopes }];
  return access === 'resource_server' ? [{ resourceServer: [] }, ...programs, session] : [...programs, session];
}

/** What is no number in a path. */
const TEXT_PARAMETERS: ReadonlySet<string> = new Set(['client_id', 'name']);

function pathParameters(path: string): readonly Parameter[] {
  return [...path.matchAll(/:([a-z_]+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: fieldSentences.get(name) ?? '',
    schema: TEXT_PARAMETERS.has(name) ? { type: 'string' } : { type: 'integer', minimum: 1 },
  }));
}

function queryParameters({ query }: AnyRoute, schemas: SchemaWriter): readonly Parameter[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemas.input(query) as QuerySchema;
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(typeof description === 'string' && { description }),
    schema,
  }));
}

/** A query is always an object. */
interface QuerySchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function headerParameters(one: AnyRoute): readonly Reference[] {
  return one.idempotencyKey === true ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : [];
}

function answersOf(one: AnyRoute, schemas: SchemaWriter): Readonly<Record<string, ResponseObject>> {
  return Object.fromEntries(
    Object.entries(one.answers).map(([status, schema]) => [
      status,
      {
        description: STATUS_CODES[status] ?? '',
        headers: standingHeaderRefs,
        ...(schema !== null &&
          schema !== undefined && { content: { 'application/json': { schema: schemas.output(schema) } } }),
      },
    ]),
  );
}

const ALWAYS = [400, 401, 403, 429, 500, 503];
const OF_CHANGES = [409, 413, 415, 422];

function refusedStatuses({ method, path, query }: AnyRoute): readonly number[] {
  // What a path names, and who the caller is, may be gone by now.
  const mayBeGone = path.includes(':') || /\/(?:me|current)$/.test(path);
  return [
    ...ALWAYS,
    ...(mayBeGone ? [404] : []),
    ...(method === 'GET' ? [] : OF_CHANGES),
    ...(query === undefined ? [] : [422]),
  ];
}

const VERBS: Readonly<Record<string, string>> = { PUT: 'replace', PATCH: 'update', DELETE: 'delete' };

/** A name for generated clients: `listKeys`, `createKey`, `rotateKey`, `deleteClientSecret`. */
function operationIdOf({ method, path, query }: AnyRoute): string {
  const segments = path.split('/').slice(2);
  const isItem = segments.at(-1)?.startsWith(':') === true;
  const words = segments.filter((segment) => !segment.startsWith(':'));
  const last = words.at(-1) ?? '';
  const owners = words.slice(0, -1).map(singular);
  // An action at the end of a path is the verb, and what stands before it is what it is done to.
  const isAction = method === 'POST' && singular(last) === last;
  if (isAction) return camel([last, ...owners]);
  if (method === 'POST') return camel(['create', ...owners, singular(last)]);
  if (method === 'GET')
    return camel([isItem || !hasCursor(query) ? 'get' : 'list', ...owners, isItem ? singular(last) : last]);
  const isAll = method === 'DELETE' && !isItem && singular(last) !== last;
  return camel([VERBS[method] ?? '', ...(isAll ? ['all'] : []), ...owners, isItem ? singular(last) : last]);
}

function hasCursor(query: z.ZodType | undefined): boolean {
  return query !== undefined && 'shape' in query && 'cursor' in (query.shape as object);
}

function singular(word: string): string {
  return word.replace(/s$/, '');
}

function camel(words: readonly string[]): string {
  return words
    .flatMap((word) => word.split(/[^a-z]+/))
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}
