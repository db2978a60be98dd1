/** A blog post of the example API. */
export interface Post {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly createdAt: Date;
}

/** Live and test credentials see different posts. */
export type PostEnvironment = 'live' | 'test';

/** Where the example's posts are kept. */
export interface PostRepository {
  list(environment: PostEnvironment, limit: number): Promise<readonly Post[]>;
  insert(environment: PostEnvironment, post: Pick<Post, 'title' | 'body'>): Promise<Post>;
  delete(environment: PostEnvironment, id: number): Promise<boolean>;
}
