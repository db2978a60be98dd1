import type { BenchCase } from './cases.ts';
import type { LoadRequest, Slice } from './load.ts';

/** No number without right answers: the first and the last request of a rotation are asked by hand before they are measured. */
export async function checkAnswers(
  url: string,
  { name, status, isRight }: Pick<BenchCase, 'name' | 'status' | 'isRight'>,
  requests: readonly LoadRequest[],
): Promise<void> {
  for (const request of [requests[0], requests.at(-1)]) {
    if (request === undefined) throw new Error(`${name}: nothing to ask`);
    const { method, path, headers, body } = request;
    const answer = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();
    if (answer.status !== status || !isRight(text, answer.headers)) {
      throw new Error(`${name}: wrong answer ${answer.status} ${text.slice(0, 300)}`);
    }
  }
}

/** A slice with one answer of another kind measured something else. */
export function requireRight(
  { name, status }: Pick<BenchCase, 'name' | 'status'>,
  { answers, refused, failed }: Slice,
): void {
  const wrong = status >= 400 ? answers - refused : refused;
  if (wrong > 0 || failed > 0) throw new Error(`${name}: ${wrong} wrong answers and ${failed} failures of ${answers}`);
}
