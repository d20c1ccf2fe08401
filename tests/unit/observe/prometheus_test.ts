/**
 * Owns the checks of how metrics are written, and of the reader that other
 * tests judge them with.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Counters } from "../../../src/observe/counters.ts";
import {
  exporterFamilies,
  type StatGroups,
} from "../../../src/observe/exporter_metrics.ts";
import { ownFamilies } from "../../../src/observe/own_metrics.ts";
import { formatFamilies } from "../../../src/observe/prometheus.ts";
import FIXTURE from "../../fixtures/metrics.json" with { type: "json" };
import { MemoryServer } from "../../support/memory_server.ts";
import { readPrometheus } from "../../support/prometheus_text.ts";

/** Every series of a text, by name. */
function values(text: string): Map<string, number> {
  return new Map(
    [...readPrometheus(text).values()].flatMap(({ samples }) =>
      samples.map((s) => {
        const labels = Object.entries(s.labels).map((l) => l.join("="));
        return [[s.name, ...labels].join(" "), s.value];
      })
    ),
  );
}

function groups(server: MemoryServer): StatGroups {
  const { view } = server;
  return {
    general: view.general(),
    settings: view.settings(),
    items: view.items(),
    slabs: view.slabs(),
  };
}

Deno.test("the text has HELP, TYPE and samples, escaped", () => {
  const text = formatFamilies([
    {
      name: "a_total",
      type: "counter",
      help: "a back\\slash\nand a line",
      samples: [
        { labels: [], value: 0.5 },
        { labels: [["x", 'q"uote\\\n'], ["y", 2]], value: 1e21 },
      ],
    },
    { name: "empty", type: "gauge", help: "nothing", samples: [] },
    {
      name: "b",
      type: "gauge",
      help: "far",
      samples: [
        { labels: [["n", 1]], value: Infinity },
        { labels: [["n", 2]], value: -Infinity },
        { labels: [["n", 3]], value: NaN },
      ],
    },
  ]);
  assertEquals(
    text,
    "# HELP a_total a back\\\\slash\\nand a line\n" +
      "# TYPE a_total counter\n" +
      "a_total 0.5\n" +
      'a_total{x="q\\"uote\\\\\\n",y="2"} 1e+21\n' +
      "# HELP b far\n# TYPE b gauge\n" +
      'b{n="1"} +Inf\nb{n="2"} -Inf\nb{n="3"} NaN\n',
  );
  const read = readPrometheus(text);
  assertEquals(read.get("a_total")!.samples[1].labels, {
    x: 'q"uote\\\n',
    y: "2",
  });
});

/** Texts that a scraper would refuse, and why. */
const FAULTY: [fault: string, text: string][] = [
  ["no end of line", "# HELP a b\n# TYPE a gauge\na 1"],
  ["no TYPE", "# HELP a b\na 1\n"],
  ["no HELP", "# TYPE a gauge\na 1\n"],
  ["no TYPE", "a 1\n"],
  ["TYPE before HELP", "# TYPE a gauge\n# HELP a b\na 1\n"],
  ["TYPE twice", "# HELP a b\n# TYPE a gauge\n# TYPE a gauge\na 1\n"],
  ["unknown type", "# HELP a b\n# TYPE a number\na 1\n"],
  ["no samples", "# HELP a b\n# TYPE a gauge\n"],
  ["series twice", "# HELP a b\n# TYPE a gauge\na 1\na 1\n"],
  [
    "series twice in another order",
    '# HELP a b\n# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n',
  ],
  ["label twice", '# HELP a b\n# TYPE a gauge\na{x="1",x="2"} 1\n'],
  ["bad label", '# HELP a b\n# TYPE a gauge\na{1x="1"} 1\n'],
  ["open quote", '# HELP a b\n# TYPE a gauge\na{x="1} 1\n'],
  ["bad escape", '# HELP a b\n# TYPE a gauge\na{x="\\t"} 1\n'],
  ["comma", '# HELP a b\n# TYPE a gauge\na{x="1",} 1\n'],
  ["bad name", "# HELP a-b b\n# TYPE a-b gauge\na-b 1\n"],
  ["no number", "# HELP a b\n# TYPE a gauge\na one\n"],
  ["null", "# HELP a b\n# TYPE a gauge\na null\n"],
  ["another family", "# HELP a b\n# TYPE a gauge\nb 1\n"],
  ["negative counter", "# HELP a b\n# TYPE a counter\na -1\n"],
  [
    "two pieces",
    "# HELP a b\n# TYPE a gauge\na 1\n# HELP c d\n# TYPE c gauge\nc 1\n" +
    "# HELP a b\n# TYPE a gauge\na 2\n",
  ],
  [
    "no +Inf",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
  ],
  [
    "falling buckets",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\n' +
    'a_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ],
  [
    "wrong count",
    '# HELP a b\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\n' +
    "a_count 2\n",
  ],
];

for (const [fault, text] of FAULTY) {
  Deno.test(`the reader refuses: ${fault}, ${JSON.stringify(text)}`, () => {
    assertThrows(() => readPrometheus(text), Error);
  });
}

/** Names that a server without the thing they count does not have. */
const ABSENT = ["memcached_slab_temporary_items"];

Deno.test("names, types and labels are the exporter's", async () => {
  const server = new MemoryServer();
  const client = server.connect();
  await client.send("set a 0 0 1\r\n1\r\nget a\r\n");
  const text = formatFamilies(exporterFamilies(groups(server)));
  const actual: Record<string, string> = {};
  for (const [name, { type, samples }] of readPrometheus(text)) {
    const labels = samples.map((s) => Object.keys(s.labels).join(" "));
    assertEquals(new Set(labels).size, 1, name);
    actual[name] = `${type} ${labels[0]}`.trimEnd();
  }
  const wanted = Object.fromEntries(
    Object.entries(FIXTURE.exporter).filter(([n]) => !ABSENT.includes(n)),
  );
  // The class of memory requested is a counter there, for items.
  assertEquals(
    Object.entries(actual).sort(),
    Object.entries(wanted).sort(),
  );
});

Deno.test("commands are counted by outcome, a cas not as a set", async () => {
  const server = new MemoryServer();
  const client = server.connect();
  await client.send(
    "set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\nget a b c\r\n" +
      "cas a 0 0 1 1\r\n2\r\ncas a 0 0 1 9\r\n2\r\ncas x 0 0 1 9\r\n2\r\n" +
      "incr a 1\r\nincr x 1\r\ndecr a 1\r\ndelete b\r\ndelete b\r\n" +
      "touch a 0\r\nflush_all 1000\r\n",
  );
  const series = values(formatFamilies(exporterFamilies(groups(server))));
  const of = (command: string, status: string) =>
    series.get(`memcached_commands_total command=${command} status=${status}`);
  assertEquals(of("get", "hit"), 2);
  assertEquals(of("get", "miss"), 1);
  assertEquals(of("set", "hit"), 2);
  assertEquals(of("cas", "hit")! + of("cas", "badval")!, 2);
  assertEquals(of("cas", "miss"), 1);
  assertEquals(of("incr", "hit"), 1);
  assertEquals(of("incr", "miss"), 1);
  assertEquals(of("decr", "hit"), 1);
  assertEquals(of("delete", "hit"), 1);
  assertEquals(of("delete", "miss"), 1);
  assertEquals(of("touch", "hit"), 1);
  assertEquals(of("flush", "hit"), 1);
  assertEquals(
    series.get("memcached_slab_commands_total slab=1 command=set status=hit"),
    // A cas that misses has no class to be taken from.
    3,
  );
  assertEquals(series.get("memcached_version version=1.6.45"), 1);
  assertEquals(
    series.get("memcached_process_user_cpu_seconds_total"),
    0.005811,
  );
  assertEquals(series.get("memcached_lru_crawler_enabled"), 1);
});

Deno.test("without the crawler its settings are not shown", () => {
  const server = new MemoryServer({ lruCrawler: false });
  const text = formatFamilies(exporterFamilies(groups(server)));
  assert(!readPrometheus(text).has("memcached_lru_crawler_enabled"));
});

Deno.test("our own metrics are complete, by worker and in sum", () => {
  const server = new MemoryServer();
  const workers = [new Counters(), new Counters()];
  workers[0].values.fill(3);
  workers[1].values.fill(4);
  workers[0].batchTimes.count(100);
  workers[1].batchTimes.count(5_000_000);
  const counters = new Counters();
  for (const worker of workers) counters.add(worker);
  const text = formatFamilies(ownFamilies({
    process: server.processFacts(),
    table: server.view.table(),
    general: server.view.general(),
    counters,
    workers,
    lagMs: 20,
    residentBytes: 1000,
    heapBytes: 100,
  }));
  const series = values(text);
  for (const name of readPrometheus(text).keys()) {
    assert(name.startsWith("denocached_"), name);
  }
  assertEquals(series.get("denocached_worker_commands_total worker=0"), 3);
  assertEquals(series.get("denocached_worker_commands_total worker=1"), 4);
  assertEquals(series.get("denocached_batch_seconds_bucket le=0.000064"), 0);
  assertEquals(series.get("denocached_batch_seconds_bucket le=0.000128"), 1);
  assertEquals(series.get("denocached_batch_seconds_bucket le=4.194304"), 1);
  assertEquals(series.get("denocached_batch_seconds_bucket le=+Inf"), 2);
  assertEquals(series.get("denocached_batch_seconds_sum"), 5.0001);
  assertEquals(series.get("denocached_event_loop_lag_seconds"), 0.02);
  assertEquals(series.get("denocached_info version=0.0.0"), 1);
});
