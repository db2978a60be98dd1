import { accountPage, changeEmail, changeName } from './account.ts';
import { actingForMePage, endOtherSessions, endSession } from './acting-for-me.ts';
import { changePassword, changePasswordPage } from './change-password.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { signInAgain, signInAgainPage } from './sign-in-again.ts';
import { switchWorkspace } from './switch-workspace.ts';

/** The pages of a person's account: who they are, how they prove it, and what can act for them. */
export function accountPages(parts: PageParts): readonly PageRoute[] {
  return [
    { method: 'GET', path: '/account', handler: accountPage(parts) },
    { method: 'POST', path: '/account/name', handler: changeName(parts) },
    { method: 'POST', path: '/account/email', handler: changeEmail(parts) },
    { method: 'GET', path: '/change-password', handler: changePasswordPage(parts) },
    { method: 'POST', path: '/change-password', handler: changePassword(parts) },
    { method: 'GET', path: '/account/access', handler: actingForMePage(parts) },
    // Before the path with an id, which would take the word for one.
    { method: 'POST', path: '/account/sessions/end-others', handler: endOtherSessions(parts) },
    { method: 'POST', path: '/account/sessions/:id/end', handler: endSession(parts) },
    { method: 'GET', path: '/login/again', handler: signInAgainPage(parts) },
    { method: 'POST', path: '/login/again', handler: signInAgain(parts) },
    { method: 'POST', path: '/workspace', handler: switchWorkspace(parts) },
  ];
}
