/**
 * Owns the checks of what happens to HTTP requests: methods, hosts, headers,
 * errors, and how many at a time. No sockets.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isOwnHost } from "../../../src/admin/access.ts";
import { Handler } from "../../../src/admin/handler.ts";
import { plain, type Route, ROUTES } from "../../../src/admin/routes.ts";
import { Sampler } from "../../../src/admin/sampler.ts";
import {
  HTTP_REQUESTS_MAX,
  KEY_BYTES_MAX,
  SEARCH_KEYS_DEFAULT,
  SEARCH_KEYS_MAX,
} from "../../../src/base/limits.ts";
import { MemoryServer } from "../../support/memory_server.ts";

interface Answering {
  server: MemoryServer;
  errors: unknown[];
  /** How often somebody wanted the server to stop. */
  drains: () => number;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** Runs `body` with a handler over a server without sockets. */
async function answering(
  body: (answering: Answering) => Promise<void>,
  routes: readonly Route[] = ROUTES,
  server = new MemoryServer(),
  mayDrain = true,
): Promise<void> {
  const sampler = new Sampler(server.view);
  const errors: unknown[] = [];
  let drains = 0;
  const drain = () => {
    drains++;
  };
  const handler = new Handler(
    routes,
    { view: server.view, sampler, drain: mayDrain ? drain : null },
    "cache.example",
    (error) => errors.push(error),
  );
  const ask = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", "localhost:1");
    return handler.handle(
      new Request(`http://localhost:1${path}`, { ...init, headers }),
    );
  };
  try {
    await body({ server, errors, drains: () => drains, ask });
  } finally {
    sampler.stop();
  }
}

Deno.test("addresses, loopback names and the configured host are our own", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST:80",
      "a.localhost",
      "127.0.0.1",
      "127.0.0.1:9150",
      "10.1.2.3:9150",
      "[::1]",
      "[::1]:9150",
      "[fe80::1]:1",
      "cache.example",
      "Cache.Example:9150",
    ]
  ) assert(isOwnHost(host, "cache.example"), host);
  for (
    const host of [
      null,
      "",
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "1.2.3",
      "cache.example.evil",
      "localhost:1:2",
      "[::1",
      "notlocalhost",
      "localhost@evil.example",
    ]
  ) assertEquals(isOwnHost(host, "cache.example"), false, String(host));
});

Deno.test("pages and data are for requests to our own name only", async () => {
  await answering(async ({ ask }) => {
    const headers = { host: "evil.example" };
    for (const { path, checksHost, methods: [method] } of ROUTES) {
      const { status } = await ask(path, { headers, method });
      const fine = method === "POST" ? 202 : 200;
      assertEquals(status, checksHost ? 403 : fine, path);
      assertEquals((await ask(path, { method })).status, fine, path);
    }
    const open = ROUTES.filter((r) => !r.checksHost).map((r) => r.path);
    assertEquals(open, ["/livez", "/readyz", "/metrics"]);
  });
});

Deno.test("only GET and HEAD read, and only what is there", async () => {
  await answering(async ({ ask }) => {
    for (const { path, methods } of ROUTES) {
      if (methods.includes("POST")) continue;
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const reply = await ask(path, { method });
        assertEquals(reply.status, 405, `${method} ${path}`);
        assertEquals(reply.headers.get("allow"), "GET, HEAD");
      }
      assertEquals((await ask(path, { method: "HEAD" })).status, 200);
    }
    for (const path of ["/nothing", "/metrics/", "//", "/../metrics/x"]) {
      assertEquals((await ask(path)).status, 404, path);
    }
  });
});

Deno.test("POST /drain begins a drain, but not from a browser", async () => {
  await answering(async ({ ask, drains }) => {
    for (const method of ["GET", "HEAD", "PUT"]) {
      const reply = await ask("/drain", { method });
      assertEquals(reply.status, 405, method);
      assertEquals(reply.headers.get("allow"), "POST");
    }
    for (
      const [name, value] of [
        ["origin", "https://evil.example"],
        ["origin", "null"],
        ["origin", "http://localhost:1"],
        ["sec-fetch-site", "cross-site"],
      ]
    ) {
      const reply = await ask("/drain", {
        method: "POST",
        headers: { [name]: value },
      });
      assertEquals(reply.status, 403, `${name}: ${value}`);
    }
    assertEquals(drains(), 0);
    assertEquals((await ask("/drain", { method: "POST" })).status, 202);
    assertEquals(drains(), 1);
  });
});

Deno.test("without -A nobody stops the server over HTTP", async () => {
  await answering(
    async ({ ask }) => {
      const reply = await ask("/drain", { method: "POST" });
      assertEquals(reply.status, 403);
      assertStringIncludes(await reply.text(), "-A");
    },
    ROUTES,
    new MemoryServer(),
    false,
  );
});

Deno.test("every reply is locked down, errors too", async () => {
  await answering(async ({ ask }) => {
    for (const path of [...ROUTES.map((r) => r.path), "/nothing"]) {
      const { headers } = await ask(path);
      assertEquals(headers.get("x-content-type-options"), "nosniff", path);
      assertEquals(headers.get("cache-control"), "no-store", path);
      assertEquals(headers.get("referrer-policy"), "no-referrer", path);
      assertEquals(headers.get("access-control-allow-origin"), null, path);
      const policy = headers.get("content-security-policy")!;
      assertStringIncludes(policy, "default-src 'none'");
      assertStringIncludes(policy, "frame-ancestors 'none'");
      assert(!/unsafe|https?:|\*/.test(policy), policy);
    }
  });
});

for (const open of [-1, 0, 1].map((by) => HTTP_REQUESTS_MAX + by)) {
  Deno.test(`${open} requests at the same time`, async () => {
    const release = Promise.withResolvers<void>();
    const slow: Route = {
      path: "/slow",
      methods: ["GET"],
      checksHost: false,
      answer: async () => {
        await release.promise;
        return plain(200, "done");
      },
    };
    await answering(async ({ ask }) => {
      const replies = Array.from({ length: open }, () => ask("/slow"));
      release.resolve();
      const statuses = (await Promise.all(replies)).map((r) => r.status);
      const served = statuses.filter((status) => status === 200).length;
      assertEquals(served, Math.min(open, HTTP_REQUESTS_MAX));
      assertEquals(
        statuses.filter((status) => status === 503).length,
        open - served,
      );
      // The places are free again.
      assertEquals((await ask("/slow")).status, 200);
    }, [slow]);
  });
}

Deno.test("a defect is logged, answered with 500, and holds no place", async () => {
  const broken: Route = {
    path: "/broken",
    methods: ["GET"],
    checksHost: false,
    answer: () => {
      throw new Error("a secret of the inside");
    },
  };
  await answering(async ({ ask, errors }) => {
    for (let i = 0; i <= HTTP_REQUESTS_MAX; i++) {
      const reply = await ask("/broken");
      assertEquals(reply.status, 500);
      assertEquals(await reply.text(), "internal error\n");
    }
    assertEquals(errors.length, HTTP_REQUESTS_MAX + 1);
  }, [broken]);
});

Deno.test("/readyz says why nobody should come, /livez stays", async () => {
  await answering(async ({ ask, server }) => {
    assertEquals((await ask("/readyz")).status, 200);
    server.shutdown(true);
    const reply = await ask("/readyz");
    assertEquals(reply.status, 503);
    assertEquals(await reply.text(), "stopping\n");
    assertEquals((await ask("/livez")).status, 200);
  });
});

Deno.test("/keys.json takes its limits at their word", async () => {
  const server = new MemoryServer();
  const client = server.connect();
  for (let i = 0; i < SEARCH_KEYS_MAX + 100; i++) {
    await client.send(`set k${i} 0 0 1 noreply\r\nx\r\n`);
  }
  await answering(
    async ({ ask }) => {
      const count = async (search: string) => {
        const reply = await ask(`/keys.json?${search}`);
        assertEquals(reply.status, 200, search);
        return (await reply.json()).keys.length;
      };
      const status = async (search: string) =>
        (await ask(`/keys.json?${search}`)).status;
      const nearly = (most: number, found: number) =>
        assert(found <= most && found > most - 20, `${found} of ${most}`);
      nearly(SEARCH_KEYS_DEFAULT, await count(""));
      nearly(SEARCH_KEYS_MAX - 1, await count(`limit=${SEARCH_KEYS_MAX - 1}`));
      nearly(SEARCH_KEYS_MAX, await count(`limit=${SEARCH_KEYS_MAX}`));
      assertEquals(await status(`limit=${SEARCH_KEYS_MAX + 1}`), 400);
      for (const limit of ["0", "-1", "x", "1.5", "1e3"]) {
        assertEquals(await status(`limit=${limit}`), 400, limit);
      }
      for (const by of [-1, 0]) {
        assertEquals(await count(`match=${"x".repeat(KEY_BYTES_MAX + by)}`), 0);
      }
      assertEquals(await status(`match=${"x".repeat(KEY_BYTES_MAX + 1)}`), 400);
      // Bytes count, not characters.
      assertEquals(await status(`match=${"é".repeat(126)}`), 400);
      assertEquals(await count("prefix=k1099"), 1);
      assertEquals(await count("match=k1099"), 1);
      assertEquals(await count("match=1099"), 1);
      assertEquals(await count("prefix=1099"), 0);
      assertEquals(await status("cursor=nonsense"), 400);
    },
    ROUTES,
    server,
  );
});

Deno.test("-X makes /keys.json refuse", async () => {
  await answering(
    async ({ ask }) => {
      const reply = await ask("/keys.json");
      assertEquals(reply.status, 403);
      assertStringIncludes(await reply.text(), "-X");
    },
    ROUTES,
    new MemoryServer({ dumpEnabled: false }),
  );
});

Deno.test("/history.json refuses what is no number", async () => {
  await answering(async ({ ask }) => {
    assertEquals((await ask("/history.json?from=0")).status, 200);
    for (const from of ["-1", "x", "1.5", "9".repeat(16)]) {
      assertEquals((await ask(`/history.json?from=${from}`)).status, 400, from);
    }
  });
});

Deno.test("/stats.json has hot keys as escaped text, hottest first", async () => {
  const server = new MemoryServer({ hotKeysSample: 1 });
  const client = server.connect();
  await client.send("mg /wA8cz4= v b\r\n".repeat(3) + "get <b>\r\n");
  await answering(
    async ({ ask }) => {
      const { hot_keys } = await (await ask("/stats.json")).json();
      assertEquals(hot_keys.map((hot: { key: string }) => hot.key), [
        "%FF%00%3Cs%3E",
        "%3Cb%3E",
      ]);
    },
    ROUTES,
    server,
  );
});
