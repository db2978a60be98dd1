import type { Middleware } from 'koa';

/** One page or one form of the pages. */
export interface PageRoute {
  readonly method: 'GET' | 'POST';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly handler: Middleware;
}
