// The factory that jsonstore.ini names.
import { fileURLToPath } from "node:url";
import type { AppFactory } from "tsgi/deploy";
import { drainSignal } from "tsgi/server";
import { Feed } from "./api/feed.ts";
import { jsonStore } from "./api/json-store.ts";
import { readPage } from "./api/page.ts";
import { openStore } from "./open-store.ts";
import { readSettings } from "./settings.ts";

const PAGE = fileURLToPath(new URL("../dist/page", import.meta.url));

/** `paste.app_factory` of a store. */
export const appFactory: AppFactory = async (globalConf, localConf) => {
  const { url, open, api, maxListeners } = readSettings(globalConf, localConf, process.env);
  const store = await openStore(url, open);
  const feed = new Feed(store, maxListeners);
  return jsonStore({ ...api, store, feed, stopping: drainSignal(), page: readPage(PAGE) });
};
