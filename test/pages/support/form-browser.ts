import { checkAnswer } from '../../support/check-answer.ts';

/** A page as a program sees it. */
export interface ReadPage {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser without a screen: keeps cookies, reads forms, names its origin. */
export interface FormBrowser {
  readonly cookies: Map<string, string>;
  /** Attributes of the cookies as they were set last. */
  readonly attributes: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<ReadPage>;
  /** Opens `page`, takes the token of its form and sends `fields` to `path`. */
  submit(page: string, path: string, fields: Record<string, string | readonly string[]>): Promise<ReadPage>;
  /** Sends a body as it stands. */
  post(path: string, body: string, headers?: Record<string, string>): Promise<ReadPage>;
}

/** Opens one on a server; `origin` is what it names, the server's own unless said. */
export function formBrowser(url: string, origin: string = url): FormBrowser {
  const cookies = new Map<string, string>();
  const attributes = new Map<string, string>();

  async function send(path: string, init: RequestInit): Promise<ReadPage> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url + path, {
      redirect: 'manual',
      ...init,
      headers: { Accept: 'text/html', ...(cookie !== '' && { Cookie: cookie }), ...init.headers },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = '', rest = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      attributes.set(name, rest);
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await answer.text();
    const contentType = answer.headers.get('Content-Type');
    checkAnswer({ method: init.method ?? 'GET', path, status: answer.status, contentType, text });
    return { status: answer.status, headers: answer.headers, text };
  }

  const post: FormBrowser['post'] = (path, body, headers = {}) =>
    send(path, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin, ...headers },
    });

  return {
    cookies,
    attributes,
    get: (path, headers = {}) => send(path, { headers }),
    post,
    async submit(page, path, fields) {
      const token = tokenOf(await send(page, {}), path);
      const pairs = Object.entries(fields).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
      );
      return post(path, new URLSearchParams([['_csrf', token], ...pairs]).toString());
    },
  };
}

/** The token of the form of a page that leads to `path`. */
export function tokenOf({ text, status }: ReadPage, path: string): string {
  const form = text.split('<form').find((part) => part.includes(`action="${path}"`));
  const token = /name="_csrf" value="([^"]+)"/.exec(form ?? '')?.[1];
  if (token === undefined) throw new Error(`no form to ${path} in: ${status} ${text.slice(0, 300)}`);
  return token;
}
