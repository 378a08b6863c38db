// @ts-check
// TSGI's server from the library, for idle connections: they must outlive the measurement, so keep-alive has no short limit.
import { application } from "../apps/app.js";

const { makeServer } = await import(new URL("../../dist/server/index.js", import.meta.url).href);

const limits = { keepAliveTimeoutSeconds: Number(process.env.KEEP_ALIVE_SECONDS) };
await makeServer("127.0.0.1", Number(process.env.PORT), application, { limits }).serveForever();
