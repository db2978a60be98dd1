import Router from '@koa/router';
import Koa from 'koa';

/* The yardstick: one JSON answer by Koa and its router, about as long as an answer of the API, and nothing else. */
const app = new Koa();
const router = new Router();
router.get('/verify', (context) => {
  context.body = { allowed: true, subject: { type: 'workspace', id: 7 }, scopes: ['posts:read', 'posts:write'] };
});
app.use(router.routes());
app.listen(Number(process.env.PORT), '127.0.0.1');
