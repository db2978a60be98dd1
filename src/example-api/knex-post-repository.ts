import type { Knex } from 'knex';
import type { Post, PostRepository } from './post.ts';

interface PostRow {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly created_at: Date;
}

const COLUMNS = ['id', 'title', 'body', 'created_at'] as const;

/** Keeps the example's posts in PostgreSQL. */
export function knexPostRepository(knex: Knex): PostRepository {
  return {
    async list(environment, limit) {
      const rows: PostRow[] = await knex('example_posts')
        .where({ environment })
        .orderBy('id', 'desc')
        .limit(limit)
        .select(...COLUMNS);
      return rows.map(toPost);
    },

    async insert(environment, { title, body }) {
      const [row]: PostRow[] = await knex('example_posts').insert({ environment, title, body }).returning(COLUMNS);
      if (row === undefined) throw new Error('the insert of a post returned no row');
      return toPost(row);
    },

    async update(environment, id, changes) {
      // An update of nothing is no SQL.
      const rows = knex('example_posts').where({ environment, id });
      const [row]: PostRow[] =
        Object.keys(changes).length === 0
          ? await rows.select(...COLUMNS)
          : await rows.update(changes).returning(COLUMNS);
      return row === undefined ? null : toPost(row);
    },

    async delete(environment, id) {
      return (await knex('example_posts').where({ environment, id }).delete()) > 0;
    },
  };
}

function toPost(row: PostRow): Post {
  return { id: row.id, title: row.title, body: row.body, createdAt: row.created_at };
}
