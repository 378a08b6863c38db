// Answers that take their time: a stream, and server-sent events that end with their reader.
import { setTimeout as sleep } from "node:timers/promises";
import { App, events } from "tsgi/framework";

const app = new App();

app.get("/count/<int(max=1000):last>", async function* (_request, { last }) {
  for (let number = 1; number <= last; number += 1) yield `${number}\n`;
});

app.get("/events", (request) => {
  async function* ticks() {
    for (let id = 1; ; id += 1) {
      yield { id: String(id), data: new Date().toISOString() };
      await sleep(100, undefined, { signal: request.signal });
    }
  }
  return events(ticks(), { signal: request.signal });
});

export { app };
