/**
 * Owns the users of a password file and the comparison with their passwords,
 * in a time that does not tell how right a guess was. Never counts failures.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { latin1, toLatin1 } from "../base/bytes.ts";
import { PASSWORD_HASHES_AT_ONCE_MAX } from "../base/limits.ts";
import { looksHashed, parseHash, type PasswordHash } from "./password_hash.ts";

/** How lines are written: `-Y` or MEMCACHED_SASL_PWDB. */
export interface FileForm {
  /** A user without a realm is found by the bare name, and the other way. */
  hasRealms: boolean;
  /** Whether a second colon ends the password. */
  hasFurtherFields: boolean;
}

export const TOKEN_FILE: FileForm = {
  hasRealms: false,
  hasFurtherFields: false,
};
export const SASL_FILE: FileForm = { hasRealms: true, hasFurtherFields: true };

interface User {
  name: string;
  /** Digest of a password that is right: of the one in the file, or of the
   * last that matched the hash. */
  digest: Buffer | null;
  hash: PasswordHash | null;
}

/** The users of one file. Characters are bytes. */
export class Credentials {
  readonly #users: User[] = [];
  readonly #form: FileForm;
  // Digests mean nothing outside this process.
  readonly #secret = randomBytes(32);
  #hashesRunning = 0;
  readonly #hashesWaiting: (() => void)[] = [];

  /**
   * Reads the text of a file: `user:password` a line, empty lines ignored.
   * Throws an Error that names the line.
   */
  constructor(file: Uint8Array, form: FileForm) {
    this.#form = form;
    const lines = latin1(file, 0, file.length).split("\n");
    lines.forEach((line, i) => {
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (text !== "") this.#users.push(this.#parse(text, i + 1));
    });
  }

  #parse(text: string, line: number): User {
    const at = text.indexOf(":");
    if (at < 1) throw new Error(`line ${line}: should be 'user:password'`);
    const name = text.slice(0, at);
    let password = text.slice(at + 1);
    if (this.#form.hasFurtherFields) password = password.split(":")[0];
    if (!looksHashed(password)) {
      return { name, digest: this.#digest(password), hash: null };
    }
    const hash = parseHash(password);
    if (hash === null) {
      throw new Error(`line ${line}: a hash of no known form or size`);
    }
    return { name, digest: null, hash };
  }

  get count(): number {
    return this.#users.length;
  }

  #digest(password: string): Buffer {
    const hmac = createHmac("sha256", this.#secret);
    return hmac.update(toLatin1(password)).digest();
  }

  /**
   * Whether this is a user's password.
   *
   * @param isRefused asked again before each hash, which may be after a wait
   */
  async check(
    name: string,
    password: string,
    isRefused: () => boolean = () => false,
  ): Promise<boolean> {
    const digest = this.#digest(password);
    const users = this.#users.filter((user) => this.#isNamed(user, name));
    if (isKnown(users, digest)) return true;
    // Somebody who is not there takes as long as somebody who is.
    const hashed = users.filter((user) => user.hash !== null);
    const stand = hashed[0] ?? this.#users.find((user) => user.hash !== null);
    if (stand === undefined) return false;
    for (const user of hashed.length > 0 ? hashed : [stand]) {
      await this.#startHash();
      try {
        if (isKnown(users, digest)) return true;
        if (isRefused()) return false;
        const matches = await user.hash!.matches(toLatin1(password));
        if (matches && users.includes(user)) user.digest = digest;
      } finally {
        this.#endHash();
      }
    }
    return isKnown(users, digest);
  }

  #isNamed(user: User, name: string): boolean {
    if (user.name === name) return true;
    if (!this.#form.hasRealms) return false;
    const isBare = !name.includes("@") || !user.name.includes("@");
    return isBare && user.name.split("@")[0] === name.split("@")[0];
  }

  // A few hashes at a time: the rest of the process needs threads too.
  async #startHash(): Promise<void> {
    while (this.#hashesRunning >= PASSWORD_HASHES_AT_ONCE_MAX) {
      await new Promise<void>((resolve) => this.#hashesWaiting.push(resolve));
    }
    this.#hashesRunning++;
  }

  #endHash(): void {
    this.#hashesRunning--;
    this.#hashesWaiting.shift()?.();
  }
}

// Looks at all of them, whichever is right.
function isKnown(users: User[], digest: Buffer): boolean {
  let isRight = false;
  for (const user of users) {
    if (user.digest !== null && timingSafeEqual(user.digest, digest)) {
      isRight = true;
    }
  }
  return isRight;
}
