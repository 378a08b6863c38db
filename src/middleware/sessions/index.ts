// tsgi/middleware/sessions: sessions, their cookie, and where they are kept.
export { type CookieOptions } from "./cookie.ts";
export { MemorySessionStore } from "./memory-session-store.ts";
export { type RedisClient, RedisSessionStore } from "./redis-session-store.ts";
export { type SessionLifeOptions } from "./session-life.ts";
export { type KeptText, type SessionStorage } from "./session-storage.ts";
export { type SavedSession, Session, SESSION, SessionSavedError, sessionOf } from "./session.ts";
export { SqliteSessionStore } from "./sqlite-session-store.ts";
