import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';
import { z } from 'zod';
import { principalFrom, protect, type Verify } from '../resource-server/koa.ts';
import type { Post, PostEnvironment, PostRepository } from './post.ts';

const PAGE_LENGTH = 100;
const text = z.string().refine((value) => !value.includes('\0'), 'Must not contain NUL characters');
const newPost = z.strictObject({
  title: text.trim().min(1).max(200),
  body: text.max(20_000).default(''),
});

/** Builds the example resource server: a few routes that use nothing but the published middleware. */
export function exampleApi(verify: Verify, posts: PostRepository): Middleware {
  const router = new Router({ prefix: '/v1' });

  router.get('/posts', protect(verify, 'posts:read'), async (context) => {
    context.body = { data: (await posts.list(environmentOf(context), PAGE_LENGTH)).map(present) };
  });

  const readJson = bodyParser({ enableTypes: ['json'], jsonLimit: '64kb' });
  router.post('/posts', protect(verify, 'posts:write'), requireJson, readJson, async (context) => {
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

  return compose([router.routes() as Middleware, router.allowedMethods() as Middleware]);
}

async function requireJson(context: Context, next: Next): Promise<void> {
  if (context.is('application/json') !== false) return next();
  context.status = 415;
  context.body = { message: 'The request body must be JSON: send Content-Type: application/json.' };
}

/** Test credentials touch test data only. */
function environmentOf(context: Context): PostEnvironment {
  return principalFrom(context).credential.environment ?? 'live';
}

function present(post: Post): Record<string, unknown> {
  return { id: post.id, title: post.title, body: post.body, created_at: post.createdAt.toISOString() };
}
