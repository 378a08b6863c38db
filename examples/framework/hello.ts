// The six lines of the talk that TSGI came from, in TypeScript: an application, a route, a function that returns text, a server.
import { App } from "tsgi/framework";

const app = new App();

app.route("/", () => "Hello World!");

export { app };
if (process.argv[1] === import.meta.filename) await app.run();
