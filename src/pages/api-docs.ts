import { gzipSync } from 'node:zlib';
import type { Middleware } from 'koa';
import type { OpenApiDocument, Operation, Parameter, ResponseObject } from '../http/open-api-document.ts';
import { exampleCommand } from './api-docs-example.ts';
import { type FieldRow, fieldRows, resolve, typeInWords } from './api-docs-fields.ts';
import { renderPage } from './render.ts';

/** `GET /docs`: the description of the API for people to read, made once, without scripts and requests to anywhere else. */
export function apiDocsPage(document: OpenApiDocument): Middleware {
  const model = { sections: sectionsOf(document), issuer: document.servers[0]?.url ?? '', info: document.info };
  let compressed: Buffer | null = null;
  return async (context, next) => {
    if (context.path !== '/docs' || (context.method !== 'GET' && context.method !== 'HEAD')) return next();
    renderPage(context, 'api-docs', { title: 'The API', width: 'full' }, model);
    context.vary('Accept-Encoding');
    if (context.acceptsEncodings('gzip', 'identity') !== 'gzip') return;
    // The same for everybody, and without a secret: the one page that may be compressed, and it is long.
    compressed ??= gzipSync(String(context.body));
    context.set('Content-Encoding', 'gzip');
    context.body = compressed;
  };
}

/** A resource with its calls. */
interface Section {
  readonly anchor: string;
  readonly name: string;
  readonly description: string;
  readonly calls: readonly Call[];
}

/** One call as the page shows it. */
interface Call {
  readonly anchor: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly access: string;
  readonly scopes: readonly { readonly name: string; readonly sentence: string }[];
  readonly standard: string | null;
  readonly parameters: readonly FieldRow[];
  readonly body: readonly FieldRow[];
  readonly answers: readonly {
    readonly status: string;
    readonly sentence: string;
    readonly fields: readonly FieldRow[];
  }[];
  readonly refusals: readonly { readonly status: string; readonly sentence: string }[];
  readonly example: string;
}

function sectionsOf(document: OpenApiDocument): readonly Section[] {
  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  return document.tags.map(({ name, description }) => ({
    anchor: name.toLowerCase().replaceAll(/[^a-z]+/g, '-'),
    name,
    description,
    calls: calls
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ path, method, operation }) => callOf(document, method.toUpperCase(), path, operation)),
  }));
}

function callOf(document: OpenApiDocument, method: string, path: string, operation: Operation): Call {
  const parameters = (operation.parameters ?? []).map((one) => resolve<Parameter>(document, one));
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const answers = Object.entries(operation.responses).map(([status, one]) => ({
    status: status === 'default' ? '' : status,
    answer: resolve<ResponseObject>(document, one),
  }));
  return {
    anchor: operation.operationId,
    method,
    path,
    summary: operation.summary,
    description: operation.description ?? '',
    access: accessInWords(operation),
    scopes: (operation['x-required-scopes'] ?? []).map((name) => ({ name, sentence: sentenceOf(document, name) })),
    standard: operation.externalDocs?.url ?? null,
    parameters: parameters.map(({ name, in: place, required, description = '', schema }) => ({
      name,
      type: `${typeInWords(document, schema)}, ${PLACES[place]}`,
      required,
      description,
    })),
    body: body === undefined ? [] : fieldRows(document, body),
    answers: answers
      .filter(({ status }) => !isRefusal(status))
      .map(({ status, answer }) => {
        const schema = answer.content?.['application/json']?.schema;
        const fields = schema === undefined ? [] : fieldRows(document, schema);
        return { status, sentence: answer.description, fields };
      }),
    refusals: answers
      .filter(({ status }) => isRefusal(status))
      .map(({ status, answer }) => ({ status, sentence: answer.description })),
    example: exampleCommand(document, method, path, operation),
  };
}

const PLACES = { path: 'in the path', query: 'in the query', header: 'a header' } as const;

function isRefusal(status: string): boolean {
  return Number(status) >= 400;
}

function accessInWords({ security, 'x-required-scopes': scopes, externalDocs }: Operation): string {
  if (externalDocs !== undefined) return 'As the standard says.';
  if (security.length === 0) return 'No credential is needed.';
  if (security.every((way) => 'session' in way)) return 'A session only: a person who is signed in.';
  if (security.some((way) => 'resourceServer' in way)) {
    return 'An OAuth client that is marked as a resource server, by its id and secret; or a credential with:';
  }
  return scopes === undefined ? 'Any good credential.' : 'A credential with:';
}

function sentenceOf(document: OpenApiDocument, scope: string): string {
  const { flows } = document.components.securitySchemes.oauth as {
    readonly flows: { readonly clientCredentials: { readonly scopes: Readonly<Record<string, string>> } };
  };
  return flows.clientCredentials.scopes[scope] ?? '';
}
