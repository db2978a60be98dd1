import { type FormBrowser, formBrowser } from '../pages/support/form-browser.ts';
import type { TestServer } from './start-server.ts';

/** Somebody in front of a browser without a screen. */
export interface Person {
  readonly browser: FormBrowser;
  readonly email: string;
  readonly password: string;
  /** Follows an authorization URL through sign-in and consent; gives the URL at the client that it ends at. */
  authorize(url: string | URL, choices?: Choices): Promise<URL>;
  /** Value of a cookie of this browser. */
  cookie(name: string): string | undefined;
}

/** What the person does on the way. */
export interface Choices {
  /** Scope entries to leave ticked; all unless said. */
  readonly untick?: readonly string[];
  readonly deny?: boolean;
  readonly workspaceId?: number;
  /** Told about each page that the person sees. */
  readonly onPage?: (page: { readonly path: string; readonly text: string }) => void;
}

const MOST_STEPS = 20;

/** The administrator of a server's first start. */
export function administrator(server: TestServer): { email: string; password: string } {
  const email = /e-mail: (\S+)/.exec(server.welcome ?? '')?.[1];
  const password = /password: (\S+)$/m.exec(server.welcome ?? '')?.[1];
  if (email === undefined || password === undefined) throw new Error('the welcome block has another form');
  return { email, password };
}

/** Opens a browser for somebody. */
export function person(
  server: TestServer,
  account: { email: string; password: string } = administrator(server),
): Person {
  const browser = formBrowser(server.url);
  return {
    browser,
    ...account,
    cookie: (name) => browser.cookies.get(name),
    authorize: (url, choices = {}) => authorize(server, browser, account, new URL(url), choices),
  };
}

async function authorize(
  server: TestServer,
  browser: FormBrowser,
  account: { email: string; password: string },
  start: URL,
  choices: Choices,
): Promise<URL> {
  let page = await browser.get(start.pathname + start.search);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const location = page.headers.get('Location');
    if (location !== null) {
      const target = new URL(location, server.url);
      if (target.origin !== server.url) return target;
      page = await browser.get(target.pathname + target.search);
      continue;
    }
    const action = /<form[^>]*action="(\/interaction\/[^"]+\/(?:sign-in|consent))"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`nowhere to go on from: ${page.status} ${page.text.slice(0, 2000)}`);
    choices.onPage?.({ path: action, text: page.text });
    page = await browser.post(action, formOf(page.text, action, account, choices).toString());
  }
  throw new Error('the way did not end');
}

/** Fills the form in as a person would. */
function formOf(
  text: string,
  action: string,
  account: { email: string; password: string },
  choices: Choices,
): URLSearchParams {
  const form = text.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
  const csrf = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
  const fields = new URLSearchParams({ _csrf: csrf });
  if (action.endsWith('/sign-in')) {
    fields.set('email', account.email);
    fields.set('password', account.password);
    return fields;
  }
  for (const [box] of form.matchAll(/<input[^>]*type="checkbox"[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(box)?.[1] ?? '';
    const value = /value="([^"]+)"/.exec(box)?.[1] ?? '';
    if (/\schecked/.test(box) && !choices.untick?.includes(value)) fields.append(name, value);
  }
  const workspace =
    choices.workspaceId?.toString() ??
    /name="workspace_id" value="(\d+)"/.exec(form)?.[1] ??
    /<option value="(\d+)"/.exec(form)?.[1];
  if (workspace !== undefined) fields.set('workspace_id', workspace);
  fields.set('decision', choices.deny === true ? 'deny' : 'allow');
  return fields;
}
