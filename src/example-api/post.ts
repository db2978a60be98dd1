/** A blog post of the example API. */
export interface Post {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly createdAt: Date;
}

/** Live and test credentials see different data. */
export type Environment = 'live' | 'test';

/** Where the example's posts are kept. */
export interface PostRepository {
  list(environment: Environment, limit: number): Promise<readonly Post[]>;
  insert(environment: Environment, post: Pick<Post, 'title' | 'body'>): Promise<Post>;
  /** Null for a post that is not there. */
  update(environment: Environment, id: number, changes: Partial<Pick<Post, 'title' | 'body'>>): Promise<Post | null>;
  delete(environment: Environment, id: number): Promise<boolean>;
}
