import { z } from 'zod';
import type { JsonSchema } from '../http/open-api-document.ts';
import { clientAnswer, issuedClientAnswer, issuedSecretAnswer } from './client-schemas.ts';
import { issuedKeyAnswer, issuedTokenAnswer, keyAnswer, rotatedKeyAnswer, tokenAnswer } from './credential-schemas.ts';
import { fieldSentences } from './openapi-words.ts';
import { usageAnswer } from './usage.ts';
import { createdUserAnswer, linkAnswer, userAnswer } from './user-schemas.ts';
import { verifyAnswer } from './verify-schemas.ts';
import { memberAnswer, workspaceAnswer } from './workspace-schemas.ts';

/** Shapes that have a name of their own in the description, wherever they occur. */
const named: readonly (readonly [string, z.ZodType])[] = [
  ['Client', clientAnswer],
  ['IssuedClient', issuedClientAnswer],
  ['IssuedClientSecret', issuedSecretAnswer],
  ['Token', tokenAnswer],
  ['IssuedToken', issuedTokenAnswer],
  ['Key', keyAnswer],
  ['IssuedKey', issuedKeyAnswer],
  ['RotatedKey', rotatedKeyAnswer],
  ['User', userAnswer],
  ['CreatedUser', createdUserAnswer],
  ['PasswordLink', linkAnswer],
  ['Workspace', workspaceAnswer],
  ['Member', memberAnswer],
  ['Usage', usageAnswer],
  ['Verdicts', verifyAnswer],
];

/** Turns the schemas of routes into JSON Schema, and collects those that have a name. */
export interface SchemaWriter {
  /** Describes what a caller sends. */
  input(schema: z.ZodType): JsonSchema;
  /** Describes what the server answers. Members may be added in later versions, so objects stay open. */
  output(schema: z.ZodType): JsonSchema;
  /** The named schemas written so far. */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

/** Opens a writer; throws where a schema has no counterpart in JSON Schema. */
export function schemaWriter(): SchemaWriter {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of named) names.add(schema, { id });
  const components: Record<string, JsonSchema> = {};

  function write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _dialect, $defs, ...root } = z.toJSONSchema(schema, { metadata: names, io });
    for (const [name, definition] of Object.entries($defs ?? {})) components[name] = tidyObject({ ...definition }, io);
    return tidyObject(root, io);
  }
  return {
    input: (schema) => write(schema, 'input'),
    output: (schema) => write(schema, 'output'),
    components,
  };
}

/** Drops what says nothing, above all bounds that every integer of JavaScript has and patterns that a format says better. */
function tidyObject(schema: JsonSchema, io: 'input' | 'output'): JsonSchema {
  const kept = Object.entries(schema).filter(([key, value]) => !isNoise(key, value, schema, io));
  const tidied = Object.fromEntries(kept.map(([key, value]) => [key, tidyMember(key, value, io)]));
  return typeof tidied.$ref === 'string'
    ? { ...tidied, $ref: tidied.$ref.replace('#/$defs/', '#/components/schemas/') }
    : nullableInOne(tidied);
}

function isNoise(key: string, value: unknown, schema: JsonSchema, io: 'input' | 'output'): boolean {
  if (key === 'pattern') return 'format' in schema;
  if (key === 'minimum' || key === 'maximum') return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
  if (key === 'propertyNames') return JSON.stringify(value) === '{"type":"string"}';
  return key === 'additionalProperties' && value === false && io === 'output';
}

function tidyMember(key: string, value: unknown, io: 'input' | 'output'): unknown {
  if (key === 'enum' || key === 'required' || key === 'default' || key === 'type') return value;
  if (Array.isArray(value)) return value.map((one) => (isSchema(one) ? tidyObject(one, io) : one));
  if (!isSchema(value)) return value;
  if (key !== 'properties') return tidyObject(value, io);
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isSchema(one) ? described(name, tidyObject(one, io)) : one]),
  );
}

function described(name: string, schema: JsonSchema): JsonSchema {
  const description = fieldSentences.get(name);
  return description === undefined || 'description' in schema || '$ref' in schema ? schema : { ...schema, description };
}

/** `anyOf: [text, null]` is `type: [text, null]`, which people and generators read more easily. */
function nullableInOne(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || anyOf[1]?.type !== 'null') return schema;
  const first: unknown = anyOf[0];
  if (!isSchema(first) || typeof first.type !== 'string' || 'enum' in first) return schema;
  return { ...rest, ...first, type: [first.type, 'null'] };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
