import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta/core';
import type { Context } from 'koa';
import { script, stylesheet } from './assets.ts';
import { type FormTarget, setPageHeaders } from './page-headers.ts';
import { viewsFolder } from './views-folder.ts';

/** The part of the pages that one of them belongs to. */
export type Section = 'home' | 'tokens' | 'keys' | 'apps' | 'clients' | 'admin' | 'account';

/** The way around the pages of somebody signed in. */
export interface Navigation {
  readonly section: Section;
  readonly links: readonly { readonly section: Section; readonly href: string; readonly label: string }[];
  /** What the person is called, their address for want of a name. */
  readonly name: string;
  readonly workspaces: readonly { readonly id: number; readonly name: string; readonly chosen: boolean }[];
  /** Path of the page, where the switch of the workspace comes back to. */
  readonly here: string;
}

/** Who is signed in, with the token of the form that signs them out. */
export interface HeadLine {
  readonly email: string;
  readonly csrf: string;
}

/** What the frame around every page shows. */
export interface Frame {
  /** In the browser's tab, before the name of the product. */
  readonly title: string;
  readonly width?: 'narrow' | 'wide' | 'full';
  /** Left out where nobody is signed in, or nothing should lead away. */
  readonly signedIn?: HeadLine;
  readonly navigation?: Navigation;
  readonly formTarget?: FormTarget;
  readonly status?: number;
}

const templates = new Eta({ autoEscape: true, cache: true, escapeFunction: escapeHtml });
templates.resolvePath = (name) => join(viewsFolder, `${name}.eta`);
templates.readFile = (path) => readFileSync(path, 'utf8');

/** Answers with a page: template `view` in the frame, everything in `model` escaped where it is written. */
export function renderPage(context: Context, view: string, frame: Frame, model: object = {}): void {
  const html = templates.render(view, {
    width: 'narrow',
    signedIn: null,
    navigation: null,
    ...frame,
    ...model,
    stylesheet: stylesheet.path,
    script: script.path,
  });
  context.status = frame.status ?? 200;
  setPageHeaders(context, frame.formTarget ?? 'self');
  context.type = 'text/html; charset=utf-8';
  context.body = html;
}

/** Sends the browser on after a form (303, so that the form is not sent again to the new place). */
export function seeOther(context: Context, location: string): void {
  context.status = 303;
  context.set('Location', location);
  context.set('Cache-Control', 'no-store');
  context.body = '';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Throws where a template names what its model does not have, rather than showing a person `undefined`. */
function escapeHtml(value: unknown): string {
  if (value === undefined || value === null) throw new TypeError('a template writes a value that is not there');
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
