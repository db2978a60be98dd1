import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Middleware } from 'koa';
import { sha256Hex } from '../crypto/digest.ts';
import { viewsFolder } from './views-folder.ts';

interface Asset {
  /** Carries a digest of the content, so that a browser may keep it for ever. */
  readonly path: string;
  readonly serve: Middleware;
}

function asset(file: string, name: string, extension: string, type: string): Asset {
  const content = readFileSync(join(viewsFolder, file));
  return {
    path: `/assets/${name}.${sha256Hex(content).slice(0, 16)}.${extension}`,
    serve: (context) => {
      context.set('Cache-Control', 'public, max-age=31536000, immutable');
      context.set('X-Content-Type-Options', 'nosniff');
      context.type = `${type}; charset=utf-8`;
      context.body = content;
    },
  };
}

/** The one stylesheet. */
export const stylesheet = asset('style.css', 'style', 'css', 'text/css');

/** The one script, without which everything works too. */
export const script = asset('page.js', 'page', 'js', 'text/javascript');
