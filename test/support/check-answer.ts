import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenApiDocument, Operation } from '../../src/http/open-api-document.ts';

/** An answer of the server, as a test has read it. */
export interface AnswerToCheck {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  /** The body as it came. */
  readonly text: string;
}

type Check = (answer: AnswerToCheck) => string | null;

let check: Check | undefined;

/** Takes the description of the server under test; once a process, because every server of one build has the same. */
export function checkAnswersAgainst(document: OpenApiDocument): void {
  check ??= answerChecker(document);
}

/** Throws where an answer of the JSON API, or of a call described beside it, is not as the description says. */
export function checkAnswer(answer: AnswerToCheck): void {
  const fault = check?.(answer) ?? null;
  if (fault === null) return;
  const { method, path, status, text } = answer;
  throw new Error(`${method} ${path} answered ${status} against the description: ${fault}\n${text.slice(0, 1000)}`);
}

/** Builds the check: what an answer does against a description, in a sentence; null when it fits. */
export function answerChecker(document: OpenApiDocument): Check {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ $id: 'document', ...closed(document) });
  const compiled = new Map<string, ValidateFunction>();
  const find = router(document);

  function validatorOf(pointer: string): ValidateFunction {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    compiled.set(pointer, known);
    return known;
  }

  return ({ method, path, status, contentType, text }) => {
    const isJson = contentType?.startsWith('application/json') === true;
    const isApi = /^\/api(?:\/|\?|$)/.test(path);
    const found = find(method, path.split('?', 1)[0] ?? '');
    if (found === null) {
      // Preflights, and what does not exist: 404 or 405, and nothing but a sentence.
      if (!isApi || method === 'OPTIONS' || status === 421) return null;
      if (![400, 404, 405].includes(status)) return 'the call is not described';
      return isJson ? faultsOf(validatorOf('/components/schemas/Message'), text) : 'the body is not JSON';
    }
    // The standard endpoints are described by their standards.
    if ('default' in found.operation.responses) return null;
    const pointer = answerPointer(document, found, status);
    if (pointer === null) return !isApi && !isJson ? null : 'the status is not described';
    const schema = contentPointer(document, pointer);
    if (schema === null) return text === '' || !isJson ? null : 'it should have no body';
    if (method === 'HEAD' || (!isApi && !isJson)) return null;
    return isJson ? faultsOf(validatorOf(schema), text) : 'the body is not JSON';
  };
}

function faultsOf(validate: ValidateFunction, text: string): string | null {
  if (validate(JSON.parse(text))) return null;
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
  return faults.join('; ');
}

interface Found {
  readonly template: string;
  readonly method: string;
  readonly operation: Operation;
}

/** Finds the described call of a request; fixed segments win over parameters, as in the router. */
function router(document: OpenApiDocument): (method: string, path: string) => Found | null {
  const templates = Object.entries(document.paths)
    .map(([template, item]) => ({ template, item, segments: template.split('/') }))
    .sort((left, right) => left.template.split('{').length - right.template.split('{').length);
  return (asked, path) => {
    const segments = path.split('/');
    const method = asked === 'HEAD' ? 'get' : asked.toLowerCase();
    for (const { template, item, segments: pattern } of templates) {
      const fits =
        pattern.length === segments.length &&
        pattern.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]));
      const operation = fits ? item[method] : undefined;
      if (operation !== undefined) return { template, method, operation };
    }
    return null;
  };
}

/** Where the answer with this status is described, as a JSON pointer. */
function answerPointer(
  document: OpenApiDocument,
  { template, method, operation }: Found,
  status: number,
): string | null {
  const key = String(status);
  if (!(key in operation.responses)) return null;
  const answer = document.paths[template]?.[method]?.responses[key];
  if (answer !== undefined && '$ref' in answer) return answer.$ref.slice(1);
  return `/paths/${escaped(template)}/${method}/responses/${key}`;
}

/** Where the shape of its JSON is; null where it has none. */
function contentPointer(document: OpenApiDocument, pointer: string): string | null {
  const answer = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, part) =>
        (value as Record<string, unknown>)[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );
  const content = (answer as { content?: Record<string, unknown> }).content;
  return content !== undefined && 'application/json' in content ? `${pointer}/content/application~1json/schema` : null;
}

function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
}

/** Answers may get members in later versions, so the description leaves their objects open; here nothing may be undeclared. */
function closed<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(closed) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  const isOpen = copy.type === 'object' && typeof copy.properties === 'object' && !('additionalProperties' in copy);
  return (isOpen ? { ...copy, additionalProperties: false } : copy) as Value;
}
