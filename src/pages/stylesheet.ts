import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Middleware } from 'koa';
import { sha256Hex } from '../crypto/digest.ts';
import { viewsFolder } from './views-folder.ts';

const content = readFileSync(join(viewsFolder, 'style.css'));

/** Path of the stylesheet; it carries a digest of the content, so that a browser may keep it for ever. */
export const stylesheetPath = `/assets/style.${sha256Hex(content).slice(0, 16)}.css`;

/** Serves the one stylesheet. */
export const serveStylesheet: Middleware = (context) => {
  context.set('Cache-Control', 'public, max-age=31536000, immutable');
  context.set('X-Content-Type-Options', 'nosniff');
  context.type = 'text/css; charset=utf-8';
  context.body = content;
};
