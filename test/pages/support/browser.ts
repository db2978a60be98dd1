import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** The program that is driven; null where it is not installed. */
export const chromiumPath: string | null =
  [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && path !== '' && existsSync(path),
  ) ?? null;

/** Starts a browser that asks nobody but the pages under test. */
export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error('Chromium is not installed; name it in CHROMIUM_PATH.');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A window whose every complaint is kept. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors, failed requests, violations of the policy, faults of scripts. */
  readonly complaints: string[];
  /** Origins that were asked for anything. */
  readonly origins: Set<string>;
}

/** How a window looks. */
export interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

/** Every look that a page is judged in. */
export const looks: readonly Look[] = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, width })),
);

/** Opens a window, signed in where the cookies of an earlier one are given. */
export async function openPage(
  browser: Browser,
  { colorScheme, width }: Look = { colorScheme: 'light', width: 1280 },
  storageState?: Awaited<ReturnType<BrowserContext['storageState']>>,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    ...(storageState !== undefined && { storageState }),
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:') origins.add(origin);
  });
  return { page, context, complaints, origins };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of axe-core whose outcome depends on colours, on what fits, or on what is hidden where it does not. */
const RULES_OF_LOOKS = [
  ...['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'css-orientation-lock'],
  ...['aria-hidden-focus', 'button-name', 'link-name', 'summary-name', 'label', 'select-name', 'input-button-name'],
];

/**
 * Lists what axe-core finds serious or critical, each with the element; `look` asks only what may differ between two looks
 * at one page.
 */
export async function barriersOf(page: Page, which: 'all' | 'look' = 'all'): Promise<readonly string[]> {
  // What passes is not written up, which takes as long as the rules themselves.
  const options = { resultTypes: ['violations'], ...(which === 'look' && { runOnly: RULES_OF_LOOKS }) };
  // Evaluated by the debugger and not by the page, whose policy allows no script.
  return page.evaluate(`${axeSource}
    axe.run(${JSON.stringify(options)}).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))`);
}

/** True when something is wider than the window. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
