// A store in a directory of its own, and a client of its API.
import { setMaxListeners } from "node:events";
import { TestClient } from "tsgi/testing";
import type { WSGIApplication } from "tsgi/wsgi";
import { Feed } from "../src/api/feed.ts";
import { jsonStore } from "../src/api/json-store.ts";
import type { ApiSettings } from "../src/api/settings.ts";
import { openStore } from "../src/open-store.ts";
import { readSettings } from "../src/settings.ts";
import type { Store } from "../src/storage/store.ts";
import { documented } from "./documented.ts";
import { testEngine } from "./test-engine.ts";

/** A store that a test has opened. */
export interface TestStore {
  readonly url: string;
  readonly store: Store;
  readonly application: WSGIApplication;
  readonly client: TestClient;
  close(): Promise<void>;
}

/** Small pages, so that small documents reach all limits. */
const PAGE_SIZE = 32;

/** Opens a new store. */
export async function openTestStore(
  changes: Partial<ApiSettings> = {},
  pageSize: number | undefined = PAGE_SIZE,
): Promise<TestStore> {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const place = testEngine().newPlace();
  const store = await openStore(place.url, pageSize === undefined ? {} : { pageSize });
  const { api, maxListeners } = readSettings({}, { database: place.url }, {});
  const application = documented(
    jsonStore({
      ...api,
      store,
      feed: new Feed(store, maxListeners),
      stopping: stopping.signal,
      page: { files: new Map() },
      ...changes,
    }),
  );
  return {
    url: place.url,
    store,
    application,
    client: new TestClient(application),
    async close() {
      stopping.abort();
      await store.close();
      place.remove();
    },
  };
}
