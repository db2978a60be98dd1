import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Middleware } from 'koa';
import { sha256Hex } from '../crypto/digest.ts';
import { viewsFolder } from './views-folder.ts';

interface Asset {
  /** Carries a digest of the content, so that a browser may keep it for ever. */
  readonly path: string;
  readonly serve: Middleware;
}

/** Compressed once, at start. Pages themselves are not: they hold tokens beside what others wrote (BREACH). */
function asset(file: string, name: string, extension: string, type: string): Asset {
  const content = readFileSync(join(viewsFolder, file));
  const compressed = gzipSync(content, { level: 9 });
  return {
    path: `/assets/${name}.${sha256Hex(content).slice(0, 16)}.${extension}`,
    serve: (context) => {
      const small = context.acceptsEncodings('gzip', 'identity') === 'gzip';
      context.set('Cache-Control', 'public, max-age=31536000, immutable');
      context.set('X-Content-Type-Options', 'nosniff');
      context.vary('Accept-Encoding');
      if (small) context.set('Content-Encoding', 'gzip');
      context.type = `${type}; charset=utf-8`;
      context.body = small ? compressed : content;
    },
  };
}

/** The one stylesheet. */
export const stylesheet = asset('style.css', 'style', 'css', 'text/css');

/** The one script, without which everything works too. */
export const script = asset('page.js', 'page', 'js', 'text/javascript');
