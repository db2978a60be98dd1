import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';
import { z } from 'zod';
import { principalFrom, protect, type Verifier } from '../resource-server/koa.ts';
import type { Category, ExampleData } from './example-data.ts';
import type { Environment, Post } from './post.ts';

const PAGE_LENGTH = 100;
const text = z.string().refine((value) => !value.includes('\0'), 'Must not contain NUL characters');
const title = text.trim().min(1).max(200);
const newPost = z.strictObject({ title, body: text.max(20_000).default('') });
const changedPost = z.strictObject({ title: title.optional(), body: text.max(20_000).optional() });
const namedCategory = z.strictObject({ name: text.trim().min(1).max(100) });

/** Builds the example resource server: a few routes that use nothing but the published middleware. */
export function exampleApi(verifier: Verifier, data: ExampleData): Middleware {
  const router = new Router({ prefix: '/v1', sensitive: true });
  postRoutes(router, verifier, data);
  categoryRoutes(router, verifier, data);

  router.get('/analytics', protect(verifier, 'analytics:read'), async (context) => {
    const { posts, categories, postsByDay } = await data.analytics(environmentOf(context));
    context.body = { posts, categories, posts_by_day: postsByDay };
  });
  return compose([router.routes() as Middleware, router.allowedMethods() as Middleware]);
}

function postRoutes(router: Router, verifier: Verifier, { posts }: Pick<ExampleData, 'posts'>): void {
  router.get('/posts', protect(verifier, 'posts:read'), async (context) => {
    context.body = { data: (await posts.list(environmentOf(context), PAGE_LENGTH)).map(presentPost) };
  });

  router.post('/posts', protect(verifier, 'posts:write'), requireJson, readJson, async (context) => {
    const input = accepted(context, newPost);
    if (input === null) return;
    context.status = 201;
    context.body = presentPost(await posts.insert(environmentOf(context), input));
  });

  router.patch('/posts/:id', protect(verifier, 'posts:write'), requireJson, readJson, async (context) => {
    const input = accepted(context, changedPost);
    if (input === null) return;
    const changes = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const id = idOf(context);
    const post = id === null ? null : await posts.update(environmentOf(context), id, changes);
    if (post === null) return notFound(context);
    context.body = presentPost(post);
  });

  router.delete('/posts/:id', protect(verifier, 'posts:delete'), async (context) => {
    const id = idOf(context);
    if (id === null || !(await posts.delete(environmentOf(context), id))) return notFound(context);
    context.status = 204;
  });
}

function categoryRoutes(router: Router, verifier: Verifier, { categories }: Pick<ExampleData, 'categories'>): void {
  router.get('/categories', protect(verifier, 'categories:read'), async (context) => {
    context.body = { data: (await categories.list(environmentOf(context), PAGE_LENGTH)).map(presentCategory) };
  });

  router.post('/categories', protect(verifier, 'categories:write'), requireJson, readJson, async (context) => {
    const input = accepted(context, namedCategory);
    if (input === null) return;
    const category = await categories.insert(environmentOf(context), input.name);
    if (category === null) return nameTaken(context);
    context.status = 201;
    context.body = presentCategory(category);
  });

  router.patch('/categories/:id', protect(verifier, 'categories:write'), requireJson, readJson, async (context) => {
    const input = accepted(context, namedCategory);
    if (input === null) return;
    const id = idOf(context);
    const category = id === null ? null : await categories.rename(environmentOf(context), id, input.name);
    if (category === 'taken') return nameTaken(context);
    if (category === null) return notFound(context);
    context.body = presentCategory(category);
  });
}

const readJson = bodyParser({ enableTypes: ['json'], jsonLimit: '64kb' }) as Middleware;

async function requireJson(context: Context, next: Next): Promise<void> {
  if (context.is('application/json') !== false) return next();
  context.status = 415;
  context.body = { message: 'The request body must be JSON: send Content-Type: application/json.' };
}

/** The body in the shape that is asked for, or null when 422 has been answered. */
function accepted<Input>(context: Context, shape: z.ZodType<Input>): Input | null {
  const input = shape.safeParse(context.request.body ?? {});
  if (input.success) return input.data;
  const fields = input.error.issues.map((issue) => [issue.path.join('.') || 'body', [`${issue.message}.`]]);
  refuse(context, Object.fromEntries(fields));
  return null;
}

function nameTaken(context: Context): void {
  refuse(context, { name: ['There is a category of this name already.'] });
}

function refuse(context: Context, errors: Readonly<Record<string, readonly string[]>>): void {
  context.status = 422;
  context.body = { message: 'The given data was invalid.', errors };
}

function notFound(context: Context): void {
  context.status = 404;
  context.body = { message: 'Not found.' };
}

/** The id of the path as PostgreSQL may have given it; null for anything else. */
function idOf(context: Context): number | null {
  const id = String(context.params.id);
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : null;
}

/** Test credentials touch test data only. */
function environmentOf(context: Context): Environment {
  return principalFrom(context).credential.environment ?? 'live';
}

function presentPost(post: Post): Record<string, unknown> {
  return { id: post.id, title: post.title, body: post.body, created_at: post.createdAt.toISOString() };
}

function presentCategory({ id, name, createdAt }: Category): Record<string, unknown> {
  return { id, name, created_at: createdAt.toISOString() };
}
