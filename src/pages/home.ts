import type { Middleware } from 'koa';
import { headLine, type PageParts } from './page-parts.ts';
import { renderPage } from './render.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['password-changed', 'Your password is changed. Your other sessions have ended.'],
]);

/** `GET /`: who is signed in, and where to go from here. */
export function homePage(parts: PageParts): Middleware {
  return async (context) => {
    const signedIn = await parts.session(context);
    if (signedIn === null) {
      renderPage(context, 'welcome', { title: 'Welcome' });
      return;
    }
    const { name, email, mustChangePassword } = signedIn.user;
    renderPage(
      context,
      'home',
      { title: 'Your account', signedIn: headLine(parts, context, signedIn) },
      {
        name: name === '' ? email : name,
        mustChangePassword,
        workspaces: await parts.accounts.listWorkspacesOf(signedIn.user.id),
        notice: NOTICES.get(context.query.notice) ?? null,
      },
    );
  };
}
