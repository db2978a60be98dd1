/** A JSON Schema (draft 2020-12) as OpenAPI 3.1 embeds it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A pointer into `components`. */
export interface Reference {
  readonly $ref: string;
}

/** A value of the path, the query or a header. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

/** Bodies by media type. */
export type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/** One answer of a call. */
export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Reference | HeaderObject>>;
  readonly content?: Content;
}

/** One header of an answer. */
export interface HeaderObject {
  readonly description: string;
  readonly schema: JsonSchema;
}

/** Ways to authenticate, each a set of schemes that go together; one of them is enough. */
export type Security = readonly Readonly<Record<string, readonly string[]>>[];

/** One call. */
export interface Operation {
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly externalDocs?: { readonly url: string; readonly description?: string };
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject | Reference>>;
  /** Empty where no credential is needed. */
  readonly security: Security;
  /** Scopes of the vocabulary that the caller must hold, all of them; absent where none in particular is needed. */
  readonly 'x-required-scopes'?: readonly string[];
}

/** The calls of one path by method in small letters. */
export type PathItem = Readonly<Record<string, Operation>>;

/** The part of OpenAPI 3.1 that this product describes itself with. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
    readonly headers: Readonly<Record<string, HeaderObject>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}
