import type { JsonSchema, OpenApiDocument, Reference } from '../http/open-api-document.ts';

/** One member of a body or answer, as the page shows it. */
export interface FieldRow {
  /** With dots into objects and `[]` into lists. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

const DEEPEST = 3;

/** Lists the members of an object, those of nested objects and lists of objects after them. */
export function fieldRows(document: OpenApiDocument, schema: JsonSchema, prefix = '', depth = 0): readonly FieldRow[] {
  const { properties, required, items } = objectOf(document, schema);
  if (items !== undefined) return fieldRows(document, items, `${prefix}[].`, depth);
  if (properties === undefined || depth > DEEPEST) return [];
  return Object.entries(properties).flatMap(([name, member]) => {
    const resolved = resolve<JsonSchema>(document, member);
    const inner = objectOf(document, resolved);
    const isList = inner.items !== undefined && inner.properties === undefined;
    const row = {
      name: `${prefix}${name}`,
      type: typeInWords(document, resolved),
      required: required.includes(name),
      description: typeof resolved.description === 'string' ? resolved.description : '',
    };
    const nested = isList && inner.items !== undefined ? inner.items : resolved;
    return [row, ...fieldRows(document, nested, `${prefix}${name}${isList ? '[]' : ''}.`, depth + 1)];
  });
}

/** Follows a reference into the components of the document; what is none stays. */
export function resolve<Target>(document: OpenApiDocument, value: Target | Reference | JsonSchema): Target {
  if (typeof value !== 'object' || value === null || !('$ref' in value) || typeof value.$ref !== 'string') {
    return value as Target;
  }
  const [, , kind = '', name = ''] = value.$ref.split('/');
  const components: Readonly<Record<string, Readonly<Record<string, unknown>>>> = document.components;
  return resolve<Target>(document, components[kind]?.[name] as Target);
}

interface ObjectParts {
  readonly properties: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required: readonly string[];
  readonly items: JsonSchema | undefined;
}

/** Of alternatives, the first says what there is to know: one question or a list of them, an object or null. */
function objectOf(document: OpenApiDocument, schema: JsonSchema): ObjectParts {
  const { anyOf, properties, required, items } = resolve<JsonSchema>(document, schema) as JsonSchema &
    Partial<ObjectParts>;
  if (Array.isArray(anyOf)) return objectOf(document, anyOf[0]);
  return { properties, required: required ?? [], items };
}

/** Says the type of a value in a few words. */
export function typeInWords(document: OpenApiDocument, schema: JsonSchema): string {
  const {
    type,
    anyOf,
    enum: values,
    format,
    items,
    additionalProperties,
    default: otherwise,
  } = resolve<JsonSchema>(document, schema);
  const suffix = otherwise === undefined ? '' : `; ${JSON.stringify(otherwise)} unless said`;
  if (Array.isArray(values)) return `${values.map(String).join(' | ')}${suffix}`;
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((one) => typeInWords(document, one)))].join(' or ') + suffix;
  const types = Array.isArray(type) ? type : [type ?? 'anything'];
  const words = types.map((one) => {
    if (one === 'string') return FORMATS.get(format) ?? 'text';
    if (one === 'integer' || one === 'number') return 'number';
    if (one === 'array') return `list of ${isObject(items) ? typeInWords(document, items) : 'anything'}`;
    if (one === 'object' && isObject(additionalProperties))
      return `${typeInWords(document, additionalProperties)} by name`;
    return one === 'boolean' ? 'true or false' : String(one);
  });
  return words.join(' or ') + suffix;
}

const FORMATS: ReadonlyMap<unknown, string> = new Map([
  ['date-time', 'time'],
  ['date', 'day'],
  ['uri', 'URL'],
]);

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
