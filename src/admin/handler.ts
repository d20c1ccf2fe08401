/**
 * Owns what happens to every HTTP request before and after its route: method,
 * host, how many at a time, headers. Never listens.
 *
 * @module
 */
import { HTTP_REQUESTS_MAX } from "../base/limits.ts";
import { COMMON_HEADERS, isOwnHost } from "./access.ts";
import { plain, type Route, type Surroundings } from "./routes.ts";

/** Answers requests from a table of routes. */
export class Handler {
  readonly #routes: readonly Route[];
  readonly #surroundings: Surroundings;
  readonly #host: string;
  readonly #onError: (error: unknown) => void;
  #underWay = 0;

  /** @param host the configured host, a name that requests may be sent to */
  constructor(
    routes: readonly Route[],
    surroundings: Surroundings,
    host: string,
    onError: (error: unknown) => void,
  ) {
    this.#routes = routes;
    this.#surroundings = surroundings;
    this.#host = host;
    this.#onError = onError;
  }

  /** Answers a request; never throws. */
  async handle(request: Request): Promise<Response> {
    const response = await this.#limited(request);
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    // The listener leaves the body of an answer to HEAD away by itself.
    return response;
  }

  async #limited(request: Request): Promise<Response> {
    if (this.#underWay >= HTTP_REQUESTS_MAX) {
      const busy = plain(503, "too many requests at the same time");
      busy.headers.set("retry-after", "1");
      return busy;
    }
    this.#underWay++;
    try {
      return await this.#route(request);
    } catch (error) {
      this.#onError(error);
      return plain(500, "internal error");
    } finally {
      this.#underWay--;
    }
  }

  async #route(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const route = this.#routes.find(({ path }) => path === pathname);
    if (route === undefined) return plain(404, "there is nothing here");
    if (!route.methods.includes(request.method)) {
      const refusal = plain(405, `${request.method} is not possible here`);
      refusal.headers.set("allow", route.methods.join(", "));
      return refusal;
    }
    const host = request.headers.get("host");
    if (route.checksHost && !isOwnHost(host, this.#host)) {
      return plain(403, "use the address, localhost, or the host of --http");
    }
    return await route.answer(request, this.#surroundings);
  }
}
