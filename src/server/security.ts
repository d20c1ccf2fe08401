/**
 * Owns what lets clients in safely, as one thing that a worker is given: the
 * certificates and the users, and reading them again. Never listens.
 *
 * @module
 */
import type { Settings } from "../base/settings.ts";
import type { LogPort } from "../observe/log.ts";
import { Certificates } from "./certificates.ts";
import { Login } from "./login.ts";
import { reasonOf } from "./start_error.ts";

/** Certificates and users of one worker. */
export class Security {
  /** Null without `-Z`. */
  readonly certificates: Certificates | null;
  /** Null without `-Y` and `-S`. */
  readonly login: Login | null;
  readonly #log: LogPort;

  /** Reads the files; throws StartError. */
  constructor(settings: Settings, log: LogPort) {
    const seconds = () => performance.now() / 1000;
    this.#log = log;
    this.certificates = settings.tls.enabled
      ? new Certificates(settings.tls, seconds)
      : null;
    const hasUsers = settings.sasl || settings.authFile !== null;
    this.login = hasUsers ? new Login(settings, { log, seconds }) : null;
  }

  /** Reads the certificates again: `OK`, or why the old ones stay. */
  refreshCertificates(): string {
    try {
      this.certificates?.refresh();
    } catch (error) {
      const reason = reasonOf(error);
      this.#log.error("certificates not refreshed", { error: reason });
      return `SERVER_ERROR ${reason.replaceAll(/[\r\n]+/g, " ")}`;
    }
    this.#log.info("certificates refreshed");
    return "OK";
  }

  /** Reads all files again, as SIGHUP asks. */
  reload(): void {
    if (this.certificates !== null) this.refreshCertificates();
    if (this.login === null) return;
    try {
      this.login.reload();
      this.#log.info("users reloaded");
    } catch (error) {
      this.#log.error("users not reloaded", { error: reasonOf(error) });
    }
  }
}
