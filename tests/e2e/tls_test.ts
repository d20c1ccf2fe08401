/**
 * Owns the end-to-end tests of TLS: who is let in, by which certificate, and
 * what changes when the files do.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runOurs } from "../support/our_server.ts";
import {
  payload,
  serving,
  waitFor,
  waitForPorts,
  waitForStat,
} from "../support/serving.ts";
import {
  type CertificateDirectory,
  connectTls,
  shakeHands,
  type Signed,
  tlsFlags,
  tlsTest,
} from "../support/tls.ts";
import { Wire } from "../support/wire.ts";

async function serves(wire: Wire): Promise<void> {
  assertEquals(await wire.ask("mn"), "MN");
}

// A client that may not come in learns it by its first answer at the latest.
async function isRefused(connecting: Promise<Wire>): Promise<void> {
  await assertRejects(async () => {
    using wire = await connecting;
    await serves(wire);
  });
}

tlsTest("the protocols work over TLS", async (mode, directory) => {
  const files = await directory.usual();
  const args = [...tlsFlags(files), "-I", "8m"];
  await serving({ mode, args }, async ({ port }) => {
    using wire = await connectTls(port, files);
    const value = payload(5_000_000, 1);
    assertEquals(await wire.set("large", value), "STORED");
    await wire.expectValue("large", value);
    const sets = Array.from({ length: 3000 }, (_, i) => `key${i}`);
    await wire.exchange(
      sets.map((key) => `set ${key} 0 0 ${key.length}\r\n${key}\r\n`).join(""),
      "STORED\r\n".repeat(sets.length),
    );
    await wire.exchange(
      `get ${sets.join(" ")}\r\n`,
      sets.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`).join(
        "",
      ) + "END\r\n",
    );
    using other = await connectTls(port, files);
    assertEquals(await other.stat("curr_connections"), 2);
    const settings = await other.stats("settings");
    assertEquals(settings.get("ssl_enabled"), "yes");
    assertEquals(settings.get("ssl_chain_cert"), files.certificate);
    const list = [...await other.stats("conns")].map(([, value]) => value);
    assert(list.some((text) => text === `tcp:127.0.0.1:${port}`));
    assertEquals(await other.ask("watch connevents"), "OK");
    using third = await connectTls(port, files);
    const line = await other.piece();
    assert(/type=conn_new rip=127.0.0.1 .*transport=tcp/.test(line), line);
    await serves(third);
  });
});

tlsTest("each address does TLS as its prefix says", async (mode, directory) => {
  const files = await directory.usual();
  const client = await directory.signed("client", "ca");
  await directory.authority("other");
  const stranger = await directory.signed("stranger", "other");
  const list =
    "notls:127.0.0.1:0,127.0.0.1:0,btls:127.0.0.1:0,mtls:127.0.0.1:0";
  const options = [`ssl_ca_cert=${files.authority}`, "ssl_verify_mode=2"];
  const args = ["-l", list, ...tlsFlags(files, ...options)];
  await serving({ mode, args, host: null }, async ({ server }) => {
    const [plain, usual, basic, mutual] = await waitForPorts(server, 4);
    using text = await Wire.tcp(plain);
    await serves(text);
    using known = await connectTls(usual, files, client);
    await serves(known);
    using anybody = await connectTls(basic, files);
    await serves(anybody);
    using both = await connectTls(mutual, files, client);
    await serves(both);
    assertEquals(await text.stat("ssl_handshake_errors"), 0);
    await isRefused(connectTls(usual, files));
    await isRefused(connectTls(mutual, files));
    await isRefused(connectTls(mutual, files, stranger));
    await waitForStat(text, "ssl_handshake_errors", 3);
    await server.waitForLog(/TLS handshake failed .*address=127.0.0.1/);
    await serves(both);
  });
});

tlsTest(
  "without authorities no client certificate will do",
  async (mode, directory) => {
    const files = await directory.usual();
    const args = tlsFlags(files, "ssl_verify_mode=2");
    await serving({ mode, args }, async ({ port }) => {
      await isRefused(connectTls(port, files, files));
      await isRefused(connectTls(port, files));
    });
  },
);

tlsTest(
  "ssl_verify_mode=1 asks, and refuses only bad ones",
  async (mode, directory) => {
    const files = await directory.usual();
    const client = await directory.signed("client", "ca");
    await directory.authority("other");
    const stranger = await directory.signed("stranger", "other");
    const args = tlsFlags(
      files,
      "ssl_verify_mode=1",
      `ssl_ca_cert=${files.authority}`,
    );
    await serving({ mode, args }, async ({ port }) => {
      using nobody = await connectTls(port, files);
      await serves(nobody);
      using known = await connectTls(port, files, client);
      await serves(known);
      await isRefused(connectTls(port, files, stranger));
      await serves(known);
    });
  },
);

tlsTest("TLS 1.2 is the least, or 1.3", async (mode, directory) => {
  const files = await directory.usual();
  await serving({ mode, args: tlsFlags(files) }, async ({ port }) => {
    assertEquals((await shakeHands(port, "TLSv1.2")).protocol, "TLSv1.2");
    assertEquals((await shakeHands(port, "TLSv1.3")).protocol, "TLSv1.3");
  });
  const args = tlsFlags(files, "ssl_min_version=3");
  await serving({ mode, args }, async ({ port }) => {
    assertEquals((await shakeHands(port, "TLSv1.2")).protocol, null);
    assertEquals((await shakeHands(port, "TLSv1.3")).protocol, "TLSv1.3");
  });
});

tlsTest(
  "with ssl_session_cache new sessions are counted",
  async (mode, directory) => {
    const files = await directory.usual();
    const args = tlsFlags(files, "ssl_session_cache");
    await serving({ mode, args }, async ({ port }) => {
      using wire = await connectTls(port, files);
      assertEquals(await wire.stat("ssl_new_sessions"), 1);
      using other = await connectTls(port, files);
      await serves(other);
      assertEquals(await wire.stat("ssl_new_sessions"), 2);
    });
  },
);

tlsTest(
  "keys are read as PKCS 8, SEC 1 and DER, or from the chain",
  async (mode, directory) => {
    const files = await directory.usual();
    await directory.convertKey("server", "sec1.key", "-traditional");
    await directory.convertKey("server", "der.key", "-outform", "DER");
    const both = directory.file("both.pem");
    const texts = [files.key, files.certificate].map((path) =>
      Deno.readTextFileSync(path)
    );
    Deno.writeTextFileSync(both, texts.join(""));
    const forms = [
      `ssl_chain_cert=${files.certificate},ssl_key=${
        directory.file("sec1.key")
      }`,
      `ssl_chain_cert=${files.certificate},ssl_keyformat=2,ssl_key=` +
      directory.file("der.key"),
      `ssl_chain_cert=${both}`,
    ];
    for (const form of forms) {
      await serving({ mode, args: ["-Z", "-o", form] }, async ({ port }) => {
        using wire = await connectTls(port, files);
        await serves(wire);
      });
    }
  },
);

// Puts another certificate, of another authority, where the first was.
async function swap(
  files: Signed,
  directory: CertificateDirectory,
): Promise<Signed> {
  await directory.authority("second");
  const made = await directory.signed("next", "second");
  await Deno.copyFile(made.certificate, files.certificate);
  await Deno.copyFile(made.key, files.key);
  return { ...files, authority: made.authority };
}

for (const kind of ["without", "with"]) {
  const options = (files: Signed) =>
    kind === "with"
      ? ["ssl_verify_mode=1", `ssl_ca_cert=${files.authority}`]
      : [];
  tlsTest(
    `refresh_certs, ${kind} client certificates`,
    async (mode, directory) => {
      const files = await directory.usual();
      const args = tlsFlags(files, ...options(files));
      await serving({ mode, args }, async ({ port, server }) => {
        using old = await connectTls(port, files);
        await serves(old);
        const age = () => old.stat("time_since_server_cert_refresh");
        await waitFor("some age", async () => await age() >= 3);
        const next = await swap(files, directory);
        const sent = performance.now();
        assertEquals(await old.ask("refresh_certs"), "OK");
        await server.waitForLog(/certificates refreshed/);
        const seconds = await age();
        const since = (performance.now() - sent) / 1000;
        assert(seconds <= since, `${seconds} s old after ${since} s`);
        await isRefused(connectTls(port, files));
        // Every worker has the new one.
        for (let i = 0; i < 12; i++) {
          using wire = await connectTls(port, next);
          await serves(wire);
        }
        await serves(old);
      });
    },
  );
}

tlsTest("bad files keep the old certificate", async (mode, directory) => {
  const files = await directory.usual();
  const other = await directory.signed("other", "ca");
  const bad = [
    ["not a certificate", "Error loading the certificate chain"],
    [Deno.readTextFileSync(other.certificate), "Error validating"],
    [null, "Error loading the certificate chain"],
  ] as const;
  await serving({ mode, args: tlsFlags(files) }, async ({ port, server }) => {
    using wire = await connectTls(port, files);
    for (const [text, reason] of bad) {
      if (text === null) await Deno.remove(files.certificate);
      else await Deno.writeTextFile(files.certificate, text);
      const reply = await wire.ask("refresh_certs");
      assert(reply.startsWith(`SERVER_ERROR ${reason}`), reply);
      using fresh = await connectTls(port, files);
      await serves(fresh);
    }
    await server.waitForLog(/ERROR certificates not refreshed error=/);
  });
});

tlsTest("SIGHUP reads the certificates again", async (mode, directory) => {
  const files = await directory.usual();
  await serving({ mode, args: tlsFlags(files) }, async ({ port, server }) => {
    const next = await swap(files, directory);
    server.child.kill("SIGHUP");
    await server.waitForLog(/certificates refreshed/);
    using wire = await connectTls(port, next);
    await serves(wire);
    await Deno.writeTextFile(files.key, "no key");
    server.child.kill("SIGHUP");
    await server.waitForLog(/certificates not refreshed .*loading the key/);
    using again = await connectTls(port, next);
    await serves(again);
  });
});

tlsTest("without -Z refresh_certs is no command", async (mode) => {
  await serving({ mode }, async ({ connect }) => {
    using wire = await connect();
    assertEquals(await wire.ask("refresh_certs"), "ERROR");
  });
});

for (const more of [[], ["ssl_verify_mode=1"]]) {
  tlsTest(`a drain over TLS ${more}`, async (mode, directory) => {
    const files = await directory.usual();
    const args = tlsFlags(files, ...more);
    await serving({ mode, args }, async ({ port, server }) => {
      using idle = await connectTls(port, files);
      assertEquals(await idle.ask("mn"), "MN");
      using uploading = await connectTls(port, files);
      await uploading.send("mn\r\nset k 0 0 5\r\nab");
      assertEquals(await uploading.line(), "MN");
      server.child.kill("SIGTERM");
      await server.waitForLog(/listeners closed/);
      await idle.expectEnd();
      await uploading.send("cde\r\n");
      assertEquals(await uploading.line(), "STORED");
      await uploading.expectEnd();
      assertEquals(await server.ended(), 0);
      assert(!server.log.includes("drain timeout"), server.log);
    });
  });
}

tlsTest("health is asked by TLS", async (mode, directory) => {
  const files = await directory.usual();
  const mutual = [`ssl_ca_cert=${files.authority}`, "ssl_verify_mode=2"];
  for (const options of [[], mutual]) {
    const args = tlsFlags(files, ...options);
    let port = 0;
    await serving({ mode, args }, async (served) => {
      port = served.port;
      const flags = ["-l", "127.0.0.1", "-p", String(port), ...args];
      const asked = ["health", "--timeout=60000", ...flags];
      const { code, stdout } = await runOurs(asked);
      assertEquals(code, 0, stdout);
      assertMatch(stdout, /^healthy: (VERSION 1|TLS is answered)/);
      // What does not ask by TLS gets no answer.
      const plain = ["health", "-l", "127.0.0.1", "-p", String(port)];
      assertEquals((await runOurs(plain)).code, 1);
    });
    const flags = ["-l", "127.0.0.1", "-p", String(port), ...args];
    assertEquals((await runOurs(["health", ...flags])).code, 1);
  }
});
