import type { Middleware } from 'koa';
import type { PageParts } from './page-parts.ts';
import { personPage } from './person-page.ts';
import { renderPage } from './render.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['password-changed', 'Your password is changed. Your other sessions have ended.'],
]);

/** `GET /`: who is signed in, and where to go from here. */
export function homePage(parts: PageParts): Middleware {
  const home = personPage(parts, async (page) => {
    const { name, email, mustChangePassword } = page.person.user;
    page.show(
      'home',
      { title: 'Your account', section: 'home' },
      {
        name: name === '' ? email : name,
        email,
        mustChangePassword,
        workspaces: page.workspaces,
        workspace: page.workspace,
        mayManageKeys: page.can('keys:manage'),
        mayManageClients: page.can('admin:clients'),
        mayAdminister: ADMINISTRATION.some(page.can),
        notice: NOTICES.get(page.context.query.notice) ?? null,
      },
    );
  });
  return async (context, next) => {
    if ((await parts.session(context)) === null) renderPage(context, 'welcome', { title: 'Welcome' });
    else await home(context, next);
  };
}

const ADMINISTRATION = ['admin:users', 'admin:clients', 'admin:audit', 'admin:metrics'];
