import type { Environment, Post, PostRepository } from './post.ts';

/** A category of the example API; its name is given once in an environment. */
export interface Category {
  readonly id: number;
  readonly name: string;
  readonly createdAt: Date;
}

/** Where the example's categories are kept. */
export interface CategoryRepository {
  list(environment: Environment, limit: number): Promise<readonly Category[]>;
  /** Null where the name is taken. */
  insert(environment: Environment, name: string): Promise<Category | null>;
  /** Null for a category that is not there; `taken` for a name that another one has. */
  rename(environment: Environment, id: number, name: string): Promise<Category | null | 'taken'>;
}

/** What happened in an environment: how much there is, and the posts of each day (UTC, ISO 8601), latest first. */
export interface Analytics {
  readonly posts: number;
  readonly categories: number;
  readonly postsByDay: readonly { readonly day: string; readonly posts: number }[];
}

/** Everything that the example API shows. */
export interface ExampleData {
  readonly posts: PostRepository;
  readonly categories: CategoryRepository;
  readonly analytics: (environment: Environment) => Promise<Analytics>;
}

/** Writes what a newcomer finds: a few live posts and categories, and test ones that only test keys see. */
export async function seedExampleData({ posts, categories }: Pick<ExampleData, 'posts' | 'categories'>): Promise<void> {
  for (const [environment, title, body] of POSTS) await posts.insert(environment, { title, body });
  for (const [environment, name] of CATEGORIES) await categories.insert(environment, name);
}

const POSTS: readonly (readonly [Environment, ...(readonly [title: Post['title'], body: Post['body']])])[] = [
  ['live', 'Hello, world', 'The first post of the example API.'],
  ['live', 'One vocabulary', 'Whatever the credential, its scopes mean the same.'],
  ['test', 'Hello, test', 'Only test keys see this one.'],
];

const CATEGORIES: readonly (readonly [Environment, string])[] = [
  ['live', 'News'],
  ['live', 'Guides'],
  ['test', 'Drafts'],
];
