// What the blog keeps: users and posts, in one file of SQLite.

/** What is used of node:sqlite, and of the package that stands in for it where Node has none. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): {
    get(...values: Value[]): unknown;
    all(...values: Value[]): unknown[];
    run(...values: Value[]): Done;
  };
  close(): void;
}
type Value = string | number | null;
interface Done {
  readonly lastInsertRowid: number | bigint;
}

export interface User {
  readonly id: number;
  readonly name: string;
  readonly passwordHash: string;
}

export interface Post {
  readonly id: number;
  readonly authorId: number;
  readonly author: string;
  readonly title: string;
  readonly body: string;
  /** Name of its file in the directory of uploads; null when it has none. */
  readonly picture: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The part of a post that its author writes. */
export type PostText = Pick<Post, "title" | "body">;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE NOT NULL,
    password_hash TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS post (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES user (id),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    picture TEXT,
    created_at INTEGER NOT NULL
  );
`;
const POST = `
  SELECT post.id, author_id AS authorId, user.name AS author, title, body, picture, created_at AS createdAt
  FROM post JOIN user ON user.id = author_id
`;

export class Store {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.exec(SCHEMA);
  }

  /** Opens a file, which is made when it is missing. */
  static async open(path: string): Promise<Store> {
    const builtin = process.getBuiltinModule("node:sqlite") as
      | { DatabaseSync: new (path: string) => Database }
      | undefined;
    const DatabaseSync = builtin?.DatabaseSync ?? (await import("@photostructure/sqlite")).DatabaseSync;
    return new Store(new DatabaseSync(path));
  }

  /** Gives null when the name is taken. */
  addUser(name: string, passwordHash: string): number | null {
    if (this.userNamed(name) !== undefined) return null;
    const insert = this.#database.prepare("INSERT INTO user (name, password_hash) VALUES (?, ?)");
    return Number(insert.run(name, passwordHash).lastInsertRowid);
  }

  user(id: number): User | undefined {
    const select = "SELECT id, name, password_hash AS passwordHash FROM user WHERE id = ?";
    return this.#database.prepare(select).get(id) as User | undefined;
  }

  userNamed(name: string): User | undefined {
    const select = "SELECT id, name, password_hash AS passwordHash FROM user WHERE name = ?";
    return this.#database.prepare(select).get(name) as User | undefined;
  }

  addPost(authorId: number, { title, body }: PostText, picture: string | null): number {
    const insert = "INSERT INTO post (author_id, title, body, picture, created_at) VALUES (?, ?, ?, ?, ?)";
    return Number(this.#database.prepare(insert).run(authorId, title, body, picture, Date.now()).lastInsertRowid);
  }

  /** The youngest first. */
  posts(page: number, perPage: number): Post[] {
    const select = `${POST} ORDER BY created_at DESC, post.id DESC LIMIT ? OFFSET ?`;
    return this.#database.prepare(select).all(perPage, (page - 1) * perPage) as Post[];
  }

  countPosts(): number {
    return (this.#database.prepare("SELECT count(*) AS count FROM post").get() as { count: number }).count;
  }

  post(id: number): Post | undefined {
    return this.#database.prepare(`${POST} WHERE post.id = ?`).get(id) as Post | undefined;
  }

  changePost(id: number, { title, body }: PostText): void {
    this.#database.prepare("UPDATE post SET title = ?, body = ? WHERE id = ?").run(title, body, id);
  }

  deletePost(id: number): void {
    this.#database.prepare("DELETE FROM post WHERE id = ?").run(id);
  }

  close(): void {
    this.#database.close();
  }
}
