import type { Page } from 'playwright-core';

/** A page that was found: where it is, and its shape, in which numbers and identifiers stand for each other. */
export interface FoundPage {
  readonly path: string;
  readonly shape: string;
}

const SAME_PAGE: ReadonlySet<string> = new Set(['range', 'unused', 'once', 'kind']);

/** Writes a path with its identifiers replaced, so that a thousand keys are one kind of page. */
export function shapeOf(path: string): string {
  const { pathname, searchParams } = new URL(path, 'http://here.invalid');
  const place = pathname
    .split('/')
    .map((part) => (/^\d+$|^client_|^[A-Za-z0-9_-]{20,}$/.test(part) ? ':id' : part.includes('%3A') ? ':scope' : part))
    .join('/');
  // Another stretch of time, or another form that is good once, is no other kind of page.
  const names = [...new Set(searchParams.keys())].filter((name) => !SAME_PAGE.has(name)).sort();
  return names.length === 0 ? place : `${place}?${names.join('&')}`;
}

/** Follows links of the same origin from the start page, one page of every shape, and hands each to `visit`. */
export async function crawl(
  page: Page,
  origin: string,
  starts: readonly string[],
  visit: (found: FoundPage) => Promise<void>,
): Promise<readonly FoundPage[]> {
  const found = new Map<string, FoundPage>();
  const waiting: FoundPage[] = [];
  const note = (path: string): void => {
    const shape = shapeOf(path);
    if (found.has(shape)) return;
    const one = { path, shape };
    found.set(shape, one);
    waiting.push(one);
  };
  for (const start of starts) note(start);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    await page.goto(origin + next.path);
    await visit(next);
    const links: string[] = await page.evaluate(
      "[...document.querySelectorAll('a[href]')].filter((a) => !a.hasAttribute('download')).map((a) => a.href)",
    );
    for (const link of links) {
      const url = URL.parse(link);
      if (url?.origin === origin && !/^\/(?:oauth|api|v1)\//.test(url.pathname)) note(url.pathname + url.search);
    }
  }
  return [...found.values()];
}
