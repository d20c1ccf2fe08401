/**
 * Owns the HTTP listener of `--http`: opens it, says where it is, closes it.
 * The only door to this folder. All that it can change in the server is that
 * a drain begins.
 *
 * @module
 */
import type { ListenAddress } from "../base/settings.ts";
import type { LogPort } from "../observe/log.ts";
import type { ServerView } from "../observe/view.ts";
import { Handler } from "./handler.ts";
import { plain, ROUTES } from "./routes.ts";
import { Sampler } from "./sampler.ts";

/** A running HTTP listener. */
export class AdminServer {
  readonly #address: ListenAddress;
  readonly #log: LogPort;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ending = new AbortController();
  #sampler: Sampler | null = null;
  #handler: Handler | null = null;

  /**
   * Opens the listener, so that a start without it fails early; throws if the
   * address cannot be had. Until `serve` all that it says is 503.
   */
  constructor(address: ListenAddress, log: LogPort) {
    this.#address = address;
    this.#log = log;
    this.#server = Deno.serve({
      hostname: address.host,
      port: address.port,
      signal: this.#ending.signal,
      onListen: () => {},
    }, (request) => this.#handler?.handle(request) ?? plain(503, "starting"));
  }

  /**
   * Answers from a server that has started.
   *
   * @param drain begins to stop it; null if nobody may do that over HTTP
   */
  serve(view: ServerView, drain: (() => void) | null): void {
    const log = this.#log;
    const report = (error: unknown) =>
      log.error("http request failed", {
        error: String(error instanceof Error ? error.stack : error),
      });
    const sampler = this.#sampler = new Sampler(view);
    const surroundings = { view, sampler, drain };
    const { host } = this.#address;
    this.#handler = new Handler(ROUTES, surroundings, host, report);
    log.info("serving http", { url: this.url });
  }

  /** Where the page is. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return `http://${host}:${port}/`;
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    this.#sampler?.stop();
    this.#ending.abort();
    await this.#server.finished;
  }
}
