// Routes on the static methods of a class. Node itself does not run decorators yet; tsgi does.
import { App } from "tsgi/framework";

const app = new App();

export class Site {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  greeting(): string {
    return `About ${this.#name}`;
  }

  @app.route("/about")
  static about() {
    return new Site("tea").greeting();
  }
}

export { app };
