import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { principalFrom, protect, type Verify } from '../resource-server/koa.ts';
import type { Post, PostEnvironment, PostRepository } from './post.ts';

const PAGE_LENGTH = 100;
const newPost = z.strictObject({ title: z.string().trim().min(1).max(200), body: z.string().max(20_000).default('') });

/** Builds the example resource server: a few routes that use nothing but the published middleware. */
export function exampleApi(verify: Verify, posts: PostRepository): Middleware {
  const router = new Router({ prefix: '/v1' });

  router.get('/posts', protect(verify, 'posts:read'), async (context) => {
    context.body = { data: (await posts.list(environmentOf(context), PAGE_LENGTH)).map(present) };
  });

  router.post('/posts', protect(verify, 'posts:write'), bodyParser({ enableTypes: ['json'] }), async (context) => {
    const input = newPost.safeParse(context.request.body ?? {});
    if (!input.success) {
      const fields = input.error.issues.map((issue) => [issue.path.join('.') || 'body', [`${issue.message}.`]]);
      context.status = 422;
      context.body = { message: 'The given data was invalid.', errors: Object.fromEntries(fields) };
      return;
    }
    context.status = 201;
    context.body = present(await posts.insert(environmentOf(context), input.data));
  });

  router.delete('/posts/:id', protect(verify, 'posts:delete'), async (context) => {
    const id = String(context.params.id);
    const deleted = /^[1-9]\d{0,14}$/.test(id) && (await posts.delete(environmentOf(context), Number(id)));
    context.status = deleted ? 204 : 404;
    if (!deleted) context.body = { message: 'Not found.' };
  });

  return router.routes() as Middleware;
}

/** Test credentials touch test data only. */
function environmentOf(context: Context): PostEnvironment {
  return principalFrom(context).credential.environment ?? 'live';
}

function present(post: Post): Record<string, unknown> {
  return { id: post.id, title: post.title, body: post.body, created_at: post.createdAt.toISOString() };
}
