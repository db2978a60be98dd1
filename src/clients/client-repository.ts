import type { Client, ClientSecret, ClientSettings } from './client.ts';

/** What is stored of a new secret: the hash, and the few last characters for lists. */
export interface NewClientSecret {
  readonly secretHash: string;
  readonly hint: string;
  readonly expiresAt: Date | null;
}

/** A place in a list: everything after this row. */
export interface ClientCursor {
  readonly createdAt: Date;
  readonly clientId: string;
}

/** Where clients are kept. */
export interface ClientRepository {
  /** Stores a client, and its first secret, in one transaction. */
  insert(
    client: ClientSettings & {
      readonly clientId: string;
      readonly workspaceId: number;
      readonly createdBy: number | null;
    },
    secret: NewClientSecret | null,
  ): Promise<{ readonly client: Client; readonly secret: ClientSecret | null }>;
  find(clientId: string): Promise<Client | null>;
  list(page: {
    readonly workspaceId: number | null;
    readonly limit: number;
    readonly after: ClientCursor | null;
  }): Promise<readonly Client[]>;
  update(clientId: string, changes: Partial<ClientSettings>): Promise<Client | null>;
  /** Deletes a client with all it holds; false when there is none. */
  delete(clientId: string): Promise<boolean>;
  addSecret(clientId: string, secret: NewClientSecret): Promise<ClientSecret>;
  deleteSecret(clientId: string, secretId: number): Promise<boolean>;
}
