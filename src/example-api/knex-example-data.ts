import type { Knex } from 'knex';
import type { Category, CategoryRepository, ExampleData } from './example-data.ts';
import { knexPostRepository } from './knex-post-repository.ts';

interface CategoryRow {
  readonly id: number;
  readonly name: string;
  readonly created_at: Date;
}

interface DayRow {
  readonly day: string;
  readonly posts: number;
}

const COLUMNS = ['id', 'name', 'created_at'] as const;
const MOST_DAYS = 30;
const UNIQUE_VIOLATION = '23505';

/** Keeps everything of the example API in PostgreSQL. */
export function knexExampleData(knex: Knex): ExampleData {
  return { posts: knexPostRepository(knex), categories: knexCategories(knex), analytics: knexAnalytics(knex) };
}

function knexCategories(knex: Knex): CategoryRepository {
  return {
    async list(environment, limit) {
      const rows: CategoryRow[] = await knex('example_categories')
        .where({ environment })
        .orderBy('id', 'desc')
        .limit(limit)
        .select(...COLUMNS);
      return rows.map(toCategory);
    },

    async insert(environment, name) {
      const [row]: CategoryRow[] = await knex('example_categories')
        .insert({ environment, name })
        .onConflict(['environment', 'name'])
        .ignore()
        .returning(COLUMNS);
      return row === undefined ? null : toCategory(row);
    },

    async rename(environment, id, name) {
      try {
        const [row]: CategoryRow[] = await knex('example_categories')
          .where({ environment, id })
          .update({ name })
          .returning(COLUMNS);
        return row === undefined ? null : toCategory(row);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION) return 'taken';
        throw error;
      }
    },
  };
}

function knexAnalytics(knex: Knex): ExampleData['analytics'] {
  const count = async (table: string, environment: string): Promise<number> => {
    const [row]: { count: number | string }[] = await knex(table).where({ environment }).count({ count: '*' });
    return Number(row?.count ?? 0);
  };
  return async (environment) => {
    const { rows } = await knex.raw<{ rows: DayRow[] }>(
      `SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*)::int AS posts
       FROM example_posts WHERE environment = ? GROUP BY day ORDER BY day DESC LIMIT ?`,
      [environment, MOST_DAYS],
    );
    const posts = await count('example_posts', environment);
    const categories = await count('example_categories', environment);
    return { posts, categories, postsByDay: rows.map(({ day, posts: written }) => ({ day, posts: written })) };
  };
}

function toCategory(row: CategoryRow): Category {
  return { id: row.id, name: row.name, createdAt: row.created_at };
}
