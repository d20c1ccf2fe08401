/**
 * Owns the certificates of tests, made anew by openssl each time, and clients
 * that use them. Never leaves a key behind.
 *
 * @module
 */
import { connect, type PeerCertificate } from "node:tls";
import { findProgram, mustHaveAll } from "./programs.ts";
import { type Mode, MODES } from "./our_server.ts";
import { inTemporaryDirectory } from "./serving.ts";
import { Wire } from "./wire.ts";

/** Its path; null if it is not installed. */
export const OPENSSL = findProgram(["openssl"], ["version"]);

/** The files of one authority and of what it has signed. */
export interface Signed {
  authority: string;
  certificate: string;
  key: string;
}

/** Everything a TLS test needs, in a directory of its own. */
export class CertificateDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  async #openssl(...args: string[]): Promise<void> {
    const output = await new Deno.Command(OPENSSL!, {
      args,
      stdin: "null",
      cwd: this.path,
    }).output();
    if (output.success) return;
    throw new Error(new TextDecoder().decode(output.stderr));
  }

  /** Makes an authority `name`. */
  async authority(name: string): Promise<void> {
    await this.#openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
    );
  }

  /** Makes a certificate for 127.0.0.1 and a key, signed by `authority`. */
  async signed(name: string, authority: string): Promise<Signed> {
    await this.#openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
    );
    await Deno.writeTextFile(
      this.file("extensions"),
      "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
    );
    await this.#openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      `${authority}.crt`,
      "-CAkey",
      `${authority}.key`,
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      "extensions",
      "-out",
      `${name}.crt`,
    );
    return {
      authority: this.file(`${authority}.crt`),
      certificate: this.file(`${name}.crt`),
      key: this.file(`${name}.key`),
    };
  }

  /** An authority `ca` and a server's certificate signed by it. */
  async usual(): Promise<Signed> {
    await this.authority("ca");
    return await this.signed("server", "ca");
  }

  /** The key `name` in another form. */
  async convertKey(name: string, to: string, ...args: string[]) {
    await this.#openssl("pkey", "-in", `${name}.key`, "-out", to, ...args);
  }
}

/** The flags that serve with this certificate. */
export function tlsFlags(server: Signed, ...more: string[]): string[] {
  const { certificate, key } = server;
  const files = [`ssl_chain_cert=${certificate}`, `ssl_key=${key}`];
  return ["-Z", "-o", [...files, ...more].join(",")];
}

/** Connects by TLS; trusts the authority of `server` and nobody else. */
export async function connectTls(
  port: number,
  server: Signed,
  client?: Signed,
): Promise<Wire> {
  const caCerts = [Deno.readTextFileSync(server.authority)];
  const where = { hostname: "127.0.0.1", port, caCerts };
  const conn = client === undefined
    ? await Deno.connectTls(where)
    : await Deno.connectTls({
      ...where,
      cert: Deno.readTextFileSync(client.certificate),
      key: Deno.readTextFileSync(client.key),
    });
  return new Wire(conn);
}

/** What a handshake came to. */
export interface Handshake {
  /** Null if it failed. */
  protocol: string | null;
  peer: PeerCertificate | null;
}

/** Shakes hands with at most this version of TLS. */
export function shakeHands(
  port: number,
  maxVersion: "TLSv1.2" | "TLSv1.3",
): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      maxVersion,
      rejectUnauthorized: false,
    });
    socket.once("secureConnect", () => {
      resolve({
        protocol: socket.getProtocol(),
        peer: socket.getPeerCertificate(),
      });
      socket.destroy();
    });
    socket.once("error", () => {
      resolve({ protocol: null, peer: null });
      socket.destroy();
    });
  });
}

/** Registers a test for every mode, if there is an openssl to make its
 * certificates. */
export function tlsTest(
  name: string,
  body: (mode: Mode, directory: CertificateDirectory) => Promise<void>,
): void {
  for (const mode of MODES) {
    const title = `${name} (${mode.name})`;
    if (OPENSSL !== null) {
      Deno.test(
        title,
        () =>
          inTemporaryDirectory((path) =>
            body(mode, new CertificateDirectory(path))
          ),
      );
    } else if (mustHaveAll()) {
      Deno.test(title, () => {
        throw new Error("openssl is not installed");
      });
    } else Deno.test.ignore(`${title}: openssl is not installed`, () => {});
  }
}
