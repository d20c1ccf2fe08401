/**
 * Owns who may log in: the file of users, and how many failures an address
 * may have. Never speaks a protocol.
 *
 * @module
 */
import {
  LOGIN_ADDRESSES_MAX,
  LOGIN_FAILURES_PER_ADDRESS_MAX,
  LOGIN_WINDOW_SECONDS,
} from "../base/limits.ts";
import type { Settings } from "../base/settings.ts";
import type { LoginPort } from "../engine/ports.ts";
import type { LogPort } from "../observe/log.ts";
import {
  Credentials,
  type FileForm,
  SASL_FILE,
  TOKEN_FILE,
} from "./credentials.ts";
import { RepeatedLine } from "./repeated_line.ts";
import {
  EXIT_BAD_USERS,
  readSmallFile,
  reasonOf,
  StartError,
} from "./start_error.ts";

interface Failures {
  count: number;
  /** When the window began. */
  since: number;
}

/** Failures by address, within a window of time. */
export class FailureLimit {
  readonly #addresses = new Map<string, Failures>();
  readonly #most: number;

  /** @param most failures of one address within the window */
  constructor(most = LOGIN_FAILURES_PER_ADDRESS_MAX) {
    this.#most = most;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Whether an address has failed too often; `now` in seconds. */
  isOver(address: string, now: number): boolean {
    const found = this.#addresses.get(keyOf(address));
    return found !== undefined && now - found.since < LOGIN_WINDOW_SECONDS &&
      found.count >= this.#most;
  }

  /** Counts a failure. */
  add(address: string, now: number): void {
    const key = keyOf(address);
    let found = this.#addresses.get(key);
    if (found === undefined || now - found.since >= LOGIN_WINDOW_SECONDS) {
      this.#addresses.delete(key);
      if (this.#addresses.size >= LOGIN_ADDRESSES_MAX) {
        const [oldest] = this.#addresses.keys();
        this.#addresses.delete(oldest);
      }
      found = { count: 0, since: now };
      this.#addresses.set(key, found);
    }
    found.count++;
  }
}

// Whoever has an IPv6 address has its whole /64.
function keyOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head, tail] = address.split("%")[0].split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array(Math.max(0, zeros)).fill("0"), ...right];
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/** What a login needs of its surroundings. */
export interface LoginSurroundings {
  log: LogPort;
  /** Seconds on a clock that never goes back. */
  seconds: () => number;
  /** Workers that share what an address may fail. */
  workers: number;
}

/** Checks passwords. */
export class Login implements LoginPort {
  readonly #form: FileForm;
  readonly #seconds: () => number;
  readonly #failures: FailureLimit;
  readonly #failed: RepeatedLine;
  readonly #blocked: RepeatedLine;
  #credentials: Credentials;

  /** Takes a file that {@linkcode readUsers} has read. */
  constructor(
    settings: Settings,
    users: Uint8Array,
    surroundings: LoginSurroundings,
  ) {
    const { log, seconds, workers } = surroundings;
    this.#seconds = seconds;
    this.#failures = new FailureLimit(
      Math.ceil(LOGIN_FAILURES_PER_ADDRESS_MAX / workers),
    );
    this.#failed = new RepeatedLine(log, "login failed", seconds);
    this.#blocked = new RepeatedLine(log, "login refused", seconds);
    this.#form = formOf(settings);
    this.#credentials = new Credentials(users, this.#form);
  }

  /** Puts other users in their place. */
  replace(users: Uint8Array): void {
    this.#credentials = new Credentials(users, this.#form);
  }

  async check(user: string, password: string, from: string): Promise<boolean> {
    const isOver = () => this.#failures.isOver(from, this.#seconds());
    if (isOver()) {
      this.#blocked.warn({ address: from, reason: "too many failures" });
      return false;
    }
    if (await this.#credentials.check(user, password, isOver)) return true;
    this.#failures.add(from, this.#seconds());
    this.#failed.warn({ address: from });
    return false;
  }
}

function formOf(settings: Settings): FileForm {
  return settings.authFile === null ? SASL_FILE : TOKEN_FILE;
}

/** Reads and checks the file of users; throws StartError. */
export function readUsers(settings: Settings): Uint8Array {
  const path = settings.authFile ?? settings.saslFile!;
  let file;
  try {
    file = readSmallFile(path);
  } catch (error) {
    throw new StartError(
      `Could not open authfile [${path}] for reading, error ` +
        reasonOf(error),
      EXIT_BAD_USERS,
    );
  }
  try {
    new Credentials(file, formOf(settings));
  } catch (error) {
    throw new StartError(
      `Authfile [${path}] has a malformed entry. Should be 'user:password': ` +
        reasonOf(error),
      EXIT_BAD_USERS,
    );
  }
  return file;
}
