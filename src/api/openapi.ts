import type { OpenApiDocument, PathItem } from '../http/open-api-document.ts';
import { pathsElsewhere } from './openapi-elsewhere.ts';
import { operationOf, templateOf } from './openapi-operations.ts';
import {
  answerHeaders,
  refusalResponses,
  refusalSchemas,
  type SecuritySettings,
  securitySchemes,
  sharedParameters,
} from './openapi-refusals.ts';
import { schemaWriter } from './openapi-schemas.ts';
import { resources } from './openapi-words.ts';
import type { AnyRoute } from './route.ts';

/** What the API is described from. */
export interface OpenApiSettings extends SecuritySettings {
  /** Of the product. */
  readonly version: string;
}

const DESCRIPTION = `Everything is JSON, in and out. Times are ISO 8601 in UTC, identifiers are integers unless they say otherwise, and a member without a value is null. Lists come in pages: give the value of next as cursor. Members may be added to answers; the members of bodies are exactly those named here.`;

/** Describes the API in OpenAPI 3.1, out of the declarations that check its input. */
export function openApiDocument(routes: readonly AnyRoute[], settings: OpenApiSettings): OpenApiDocument {
  const schemas = schemaWriter();
  const paths: Record<string, PathItem> = {};
  for (const one of routes) {
    const path = templateOf(one.path);
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one, schemas) };
  }
  Object.assign(paths, pathsElsewhere(schemas));
  const used = new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ tags }) => tags)));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Latchkey',
      version: settings.version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: settings.issuer }],
    tags: Object.values(resources)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...schemas.components, ...refusalSchemas },
      responses: refusalResponses,
      headers: answerHeaders,
      parameters: sharedParameters,
      securitySchemes: securitySchemes(settings),
    },
  };
}
