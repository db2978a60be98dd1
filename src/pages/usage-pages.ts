import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { narrow, narrowPage } from './usage-narrow.ts';
import { usagePage } from './usage-show.ts';
import { usedClients, usedKeys, usedTokens, usedWorkspaces } from './usage-things.ts';

/** The pages of how much keys, tokens, apps and workspaces are used, and those that take from keys and tokens what they do not use. */
export function usagePages(parts: PageParts): readonly PageRoute[] {
  return [
    ...[usedKeys, usedTokens, usedClients, usedWorkspaces].map(
      (kind): PageRoute => ({ method: 'GET', path: `${kind.path}/usage`, handler: usagePage(parts, kind) }),
    ),
    ...[usedKeys, usedTokens].flatMap((kind): PageRoute[] => [
      { method: 'GET', path: `${kind.path}/usage/narrow`, handler: narrowPage(parts, kind) },
      { method: 'POST', path: `${kind.path}/usage/narrow`, handler: narrow(parts, kind) },
    ]),
  ];
}
