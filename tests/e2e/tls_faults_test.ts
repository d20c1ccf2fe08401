/**
 * Owns the end-to-end tests of what goes wrong with TLS: files that cannot be
 * used, handshakes that never end, bytes that are no TLS. Nobody else is
 * disturbed, and the log says what happened.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { runOurs } from "../support/our_server.ts";
import { Random } from "../support/random.ts";
import { serving, waitFor, waitForStat } from "../support/serving.ts";
import { connectTls, tlsFlags, tlsTest } from "../support/tls.ts";
import { Wire } from "../support/wire.ts";

/** Start of a handshake record that announces 512 bytes. */
const HALF_HELLO = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);
const MIB = 1024 * 1024;

tlsTest(
  "files that cannot be used are named, with 64",
  async (mode, directory) => {
    const files = await directory.usual();
    const other = await directory.signed("other", "ca");
    const junk = directory.file("junk");
    const huge = directory.file("huge");
    const secret = directory.file("secret");
    await Deno.writeTextFile(junk, "-----BEGIN CERTIFICATE-----\nAAAA\n");
    await Deno.writeFile(huge, new Uint8Array(MIB + 1));
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: {
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: "x",
      },
    });
    await Deno.writeTextFile(secret, privateKey);
    const { certificate, key } = files;
    const cases: [chain: string, key: string, more: string, line: string][] = [
      ["/no/such", key, "", "Error loading the certificate chain: /no/such: "],
      [directory.path, key, "", `chain: ${directory.path}: not a file`],
      [junk, key, "", `Error loading the certificate chain: ${junk}: `],
      [huge, key, "", `${huge}: larger than ${MIB} bytes`],
      [certificate, "/no/such", "", "Error loading the key: /no/such: "],
      [certificate, certificate, "", `key: ${certificate}: no private key`],
      [certificate, secret, "", `key: ${secret}: the key has a passphrase`],
      [certificate, other.key, "", "Error validating the certificate: "],
      [
        certificate,
        key,
        ",ssl_ca_cert=/no/such",
        "Error loading the CA certificate: /no/such: ",
      ],
    ];
    for (const [chain, keyFile, more, line] of cases) {
      const options = `ssl_chain_cert=${chain},ssl_key=${keyFile}${more}`;
      const where = ["-l", "127.0.0.1", "-p", "-1"];
      const args = [...where, ...mode.args, "-Z", "-o", options];
      const { code, stderr } = await runOurs(args);
      assertStringIncludes(stderr, line);
      assertEquals([code, stderr.split("\n").length], [64, 2], stderr);
    }
  },
);

tlsTest(
  "a second server does not share the port of the first",
  async (mode, directory) => {
    const files = await directory.usual();
    await serving({ mode, args: tlsFlags(files) }, async ({ port }) => {
      const where = ["-l", "127.0.0.1", "-p", String(port)];
      const args = [...where, ...mode.args, ...tlsFlags(files)];
      const { code, stderr } = await runOurs(args);
      assertStringIncludes(
        stderr,
        `failed to listen on TCP port ${port}: Address already in use\n`,
      );
      assertEquals(code, 71);
    });
  },
);

for (const kind of ["without", "with"]) {
  tlsTest(
    `half a handshake ends by itself, ${kind} client certificates`,
    async (mode, directory) => {
      const files = await directory.usual();
      const more = kind === "with" ? ["ssl_verify_mode=1"] : [];
      const args = tlsFlags(files, ...more);
      await serving({ mode, args }, async ({ port, server }) => {
        using good = await connectTls(port, files);
        assertEquals(await good.set("kept", "value"), "STORED");
        const halves = await Promise.all(
          Array.from({ length: 50 }, () => Wire.tcp(port)),
        );
        await Promise.all(halves.map((wire, i) =>
          // Some say nothing at all.
          i % 5 === 0 ? Promise.resolve() : wire.send(HALF_HELLO)
        ));
        using late = await connectTls(port, files);
        assertEquals(await late.ask("mn"), "MN");
        await Promise.all(halves.map((wire) => wire.rest()));
        await waitForStat(good, "ssl_handshake_errors", 50);
        await server.waitForLog(
          /WARN TLS handshake failed .*address=127\.0\.0\.1 error=.*timeout/,
        );
        assertEquals(await good.stat("curr_connections"), 2);
        await good.expectValue("kept", new TextEncoder().encode("value"));
      });
    },
  );

  tlsTest(
    `what is no TLS is turned away, ${kind} client certificates`,
    async (mode, directory) => {
      const files = await directory.usual();
      const more = kind === "with" ? ["ssl_verify_mode=1"] : [];
      const args = tlsFlags(files, ...more);
      const random = new Random(11);
      await serving({ mode, args }, async ({ port, server }) => {
        using good = await connectTls(port, files);
        assertEquals(await good.set("kept", "value"), "STORED");
        const before = server.residentBytes();
        for (let i = 0; i < 300; i++) {
          using wire = await Wire.tcp(port);
          const bytes = i % 3 === 0
            ? Buffer.from("get kept\r\n")
            : new Uint8Array(1 + random.below(2000))
              .map(() => random.below(256));
          if (i % 3 === 2) bytes.set(HALF_HELLO.subarray(0, bytes.length));
          await wire.send(bytes).catch(() => {});
          // Half a record would wait for the rest of it.
          const isHalf = i % 3 === 2;
          if (isHalf || i % 2 === 0) await wire.closeWrite().catch(() => {});
          const answer = await wire.rest().catch(() => "");
          assert(!answer.includes("value"));
        }
        await good.expectValue("kept", new TextEncoder().encode("value"));
        const errors = () => good.stat("ssl_handshake_errors");
        await waitFor("300 errors", async () => await errors() === 300);
        await server.waitForLog(/TLS handshake failed/);
        const lines = server.log.split("TLS handshake failed").length - 1;
        assert(lines < 20, `${lines} lines in the log`);
        const grown = server.residentBytes() - before;
        assert(grown < 100 * MIB, `grown by ${grown}`);
      });
    },
  );

  tlsTest(
    `handshakes are as many as connections may be, ${kind} client certificates`,
    async (mode, directory) => {
      const files = await directory.usual();
      const more = kind === "with" ? ["ssl_verify_mode=1"] : [];
      const args = ["-c", "4", ...tlsFlags(files, ...more)];
      // Each worker counts its own.
      const most = 4 * Number(mode.args[1]);
      await serving({ mode, args }, async ({ port, server }) => {
        const silent = await Promise.all(
          Array.from({ length: 30 }, () => Wire.tcp(port)),
        );
        let ended = 0;
        const ends = silent.map((wire) => wire.rest().then(() => ended++));
        await waitFor("the others to be closed", () => ended >= 30 - most);
        await server.waitForLog(/TLS handshake failed/);
        for (const wire of silent) wire.close();
        await Promise.allSettled(ends);
        await waitFor("room again", async () => {
          try {
            using wire = await connectTls(port, files);
            return await wire.ask("mn") === "MN";
          } catch {
            return false;
          }
        });
      });
    },
  );
}

tlsTest(
  "a client without a certificate is told why",
  async (mode, directory) => {
    const files = await directory.usual();
    const more = ["ssl_verify_mode=2", `ssl_ca_cert=${files.authority}`];
    await serving(
      { mode, args: tlsFlags(files, ...more) },
      async ({ port }) => {
        // The alert was lost now and then.
        const asks = Array.from({ length: 100 }, async () => {
          using wire = await connectTls(port, files);
          return await wire.rest().catch((error) => String(error));
        });
        for (const told of await Promise.all(asks)) {
          assertStringIncludes(told, "CertificateRequired");
        }
      },
    );
  },
);

tlsTest("a broken record ends its connection only", async (mode, directory) => {
  const files = await directory.usual();
  await serving({ mode, args: tlsFlags(files) }, async ({ port, server }) => {
    using good = await connectTls(port, files);
    // A relay that adds bytes which were never encrypted.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const relay = (listener.addr as Deno.NetAddr).port;
    const accepting = listener.accept();
    const connecting = connectTls(relay, files);
    using outer = await accepting;
    using inner = await Deno.connect({ hostname: "127.0.0.1", port });
    const pumps = [
      outer.readable.pipeTo(inner.writable, { preventClose: true }),
      inner.readable.pipeTo(outer.writable, { preventClose: true }),
    ].map((pump) => pump.catch(() => {}));
    using wire = await connecting;
    assertEquals(await wire.ask("mn"), "MN");
    await inner.write(
      new Uint8Array([23, 3, 3, 0, 40, ...Array(40).fill(7)]),
    );
    await waitForStat(good, "ssl_proto_errors", 1);
    await waitForStat(good, "curr_connections", 1);
    listener.close();
    wire.close();
    try {
      outer.close();
      inner.close();
    } catch {
      // The pumps have closed them.
    }
    await Promise.all(pumps);
    assert(!server.log.includes("connection failed"), server.log);
  });
});
