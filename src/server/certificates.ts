/**
 * Owns the server's certificate, its key and the certificates of those who
 * may sign clients: reading, checking, replacing. Never listens.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { latin1 } from "../base/bytes.ts";
import type { TlsSettings } from "../base/settings.ts";
import {
  EXIT_BAD_CERTIFICATE,
  readSmallFile,
  reasonOf,
  StartError,
} from "./start_error.ts";

const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/;
const FORMAT_DER = 2;

/** Everything in PEM. */
export interface LoadedCertificates {
  /** The server's, then those that lead to the root. */
  chain: string;
  key: string;
  /** Who may sign clients; null if nobody was named. */
  authorities: string | null;
}

function fail(what: string, error: unknown): StartError {
  const text = `${what}: ${reasonOf(error)}`;
  return new StartError(text, EXIT_BAD_CERTIFICATE);
}

function readCertificates(path: string): string[] {
  const file = readSmallFile(path);
  const found = latin1(file, 0, file.length).match(CERTIFICATE);
  if (found === null) throw new Error("no certificate in it");
  for (const pem of found) new X509Certificate(pem);
  return found;
}

function readKey(path: string, format: number): KeyObject {
  const file = readSmallFile(path);
  if (format === FORMAT_DER) return readDerKey(Buffer.from(file));
  const found = PRIVATE_KEY.exec(latin1(file, 0, file.length));
  if (found === null) throw new Error("no private key in it");
  if (found[0].includes("ENCRYPTED")) {
    throw new Error("the key has a passphrase");
  }
  return createPrivateKey(found[0]);
}

function readDerKey(key: Buffer): KeyObject {
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    try {
      return createPrivateKey({ key, format: "der", type });
    } catch {
      // One of the other forms, then.
    }
  }
  throw new Error("no private key in it");
}

/** Reads and checks the files; throws StartError. */
export function loadCertificates(tls: TlsSettings): LoadedCertificates {
  let chain: string[], key: KeyObject, fits: boolean;
  try {
    chain = readCertificates(tls.chainCert!);
  } catch (error) {
    throw fail(`Error loading the certificate chain: ${tls.chainCert}`, error);
  }
  const keyFile = tls.key ?? tls.chainCert!;
  try {
    key = readKey(keyFile, tls.keyFormat);
  } catch (error) {
    throw fail(`Error loading the key: ${keyFile}`, error);
  }
  try {
    fits = new X509Certificate(chain[0]).checkPrivateKey(key);
  } catch (error) {
    throw fail("Error validating the certificate", error);
  }
  if (!fits) {
    throw fail("Error validating the certificate", "the key is not its own");
  }
  return {
    chain: chain.join("\n") + "\n",
    key: String(key.export({ format: "pem", type: "pkcs8" })),
    authorities: loadAuthorities(tls.caCert),
  };
}

function loadAuthorities(path: string | null): string | null {
  if (path === null) return null;
  try {
    return readCertificates(path).join("\n") + "\n";
  } catch (error) {
    throw fail(`Error loading the CA certificate: ${path}`, error);
  }
}

/** The certificates in use, and who must hear of new ones. */
export class Certificates {
  readonly settings: TlsSettings;
  readonly #seconds: () => number;
  #current: LoadedCertificates;
  #replaced: number;
  /** Called with new ones, which are in use when all have returned. */
  readonly onReplace = new Set<(loaded: LoadedCertificates) => void>();

  /** @param seconds a clock that never goes back */
  constructor(
    settings: TlsSettings,
    loaded: LoadedCertificates,
    seconds: () => number,
  ) {
    this.settings = settings;
    this.#seconds = seconds;
    this.#current = loaded;
    this.#replaced = seconds();
  }

  get current(): LoadedCertificates {
    return this.#current;
  }

  /** Whole seconds since they came into use. */
  get ageSeconds(): number {
    return Math.floor(this.#seconds() - this.#replaced);
  }

  /** Puts others in their place; throws if a listener cannot use them. */
  replace(loaded: LoadedCertificates): void {
    for (const tell of this.onReplace) tell(loaded);
    this.#current = loaded;
    this.#replaced = this.#seconds();
  }
}
