/**
 * Owns what lets clients in safely: the files that an operator named, read by
 * the main thread only, and what each worker makes of them. Never listens.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { LogPort } from "../observe/log.ts";
import {
  Certificates,
  loadCertificates,
  type LoadedCertificates,
} from "./certificates.ts";
import { Login, readUsers } from "./login.ts";
import { reasonOf } from "./start_error.ts";

/** What the files hold, as plain data that can be posted to a worker. */
export interface Secrets {
  /** Null without `-Z`. */
  certificates: LoadedCertificates | null;
  /** Null without `-Y` and `-S`. */
  users: Uint8Array | null;
}

/** What one worker needs to let clients in. */
export class Security {
  readonly certificates: Certificates | null = null;
  readonly login: Login | null = null;

  constructor(
    settings: Settings,
    secrets: Secrets,
    log: LogPort,
    workers: number,
  ) {
    const seconds = () => performance.now() / 1000;
    const { certificates, users } = secrets;
    if (certificates !== null) {
      this.certificates = new Certificates(settings.tls, certificates, seconds);
    }
    if (users !== null) {
      this.login = new Login(settings, users, { log, seconds, workers });
    }
  }

  /** Puts new ones in their place; what is null stays. Throws if a listener
   * cannot use them. */
  replace({ certificates, users }: Secrets): void {
    if (users !== null) this.login?.replace(users);
    if (certificates !== null) this.certificates?.replace(certificates);
  }
}

/** Gives new secrets to all who use them; resolves when they do, rejects if
 * one cannot. */
export type Spread = (secrets: Secrets) => Promise<void> | void;

/** The files of the process: only the main thread has one. */
export class SecretFiles {
  readonly #settings: Settings;
  readonly #log: LogPort;
  /** What is in use. */
  secrets: Secrets;
  #certificatesRead = performance.now();

  /** Reads the files; throws StartError. */
  constructor(settings: Settings, log: LogPort) {
    this.#settings = settings;
    this.#log = log;
    const hasUsers = settings.sasl || settings.authFile !== null;
    this.secrets = {
      certificates: settings.tls.enabled
        ? loadCertificates(settings.tls)
        : null,
      users: hasUsers ? readUsers(settings) : null,
    };
  }

  /** Whole seconds since the certificates in use were read; undefined
   * without TLS. */
  get certificateSeconds(): number | undefined {
    if (this.secrets.certificates === null) return undefined;
    return Math.floor((performance.now() - this.#certificatesRead) / 1000);
  }

  /** Reads the certificates again: `OK`, or why the old ones stay. */
  async refreshCertificates(spread: Spread): Promise<string> {
    try {
      const certificates = loadCertificates(this.#settings.tls);
      await spread({ certificates, users: null });
      this.secrets = { ...this.secrets, certificates };
      this.#certificatesRead = performance.now();
    } catch (error) {
      const reason = reasonOf(error).replaceAll(/[\r\n]+/g, " ");
      this.#log.error("certificates not refreshed", { error: reason });
      return `SERVER_ERROR ${reason}`;
    }
    this.#log.info("certificates refreshed");
    return "OK";
  }

  /** Reads all files again, as SIGHUP asks. */
  async reload(spread: Spread): Promise<void> {
    const { certificates, users } = this.secrets;
    if (certificates === null && users === null) {
      this.#log.info("nothing to reload");
    }
    if (certificates !== null) {
      await this.refreshCertificates(spread);
    }
    if (users === null) return;
    try {
      const fresh = readUsers(this.#settings);
      await spread({ certificates: null, users: fresh });
      this.secrets = { ...this.secrets, users: fresh };
      this.#log.info("users reloaded");
    } catch (error) {
      this.#log.error("users not reloaded", { error: reasonOf(error) });
    }
  }
}
