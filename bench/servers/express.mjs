// @ts-check
// Express on its own server.
import { app } from "../apps/express-app.mjs";

app.listen(Number(process.env.PORT), "127.0.0.1");
