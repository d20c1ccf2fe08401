/**
 * Question: what does it cost to know what one command says, in each
 * protocol? (µs printed = ns for one command, or one key.)
 *
 * @module
 */
import { Bytes } from "../../src/base/bytes.ts";
import { parseBinary } from "../../src/protocol/binary.ts";
import { Command, COMPLETE, HAS_BODY } from "../../src/protocol/command.ts";
import { KEY, nextKey, TextParser } from "../../src/protocol/text.ts";
import { LOAD_DEFAULT, type Mode } from "../load/options.ts";
import { Requests } from "../load/requests.ts";
import { benchThousand } from "./thousand.ts";

const PIPE = 20;
const parser = new TextParser();
const command = new Command();

/** Twenty requests of a mode, one after the other. */
function batch(mode: Mode, pipe = PIPE): Bytes {
  const requests = new Requests({ ...LOAD_DEFAULT, mode, pipe });
  const client = requests.createClient(0);
  requests.write(client);
  return Bytes.from(client.out.subarray(0, client.outBytes));
}

/** Parses the commands of a batch in turn; values are passed over. */
function benchText(name: string, input: Bytes, expected = COMPLETE): void {
  let at = 0;
  benchThousand("TextParser.parse", name, () => {
    const status = parser.parse(input, at, input.capacity, command);
    at = command.next;
    if (status === HAS_BODY) at += command.valueLength + 2;
    if (at >= input.capacity) at = 0;
    return status;
  }, { each: expected });
}

benchText("get <key>", batch("get"));
benchText("set <key> 0 0 100", batch("set"), HAS_BODY);
benchText("mg <key> v", batch("mg"));
benchText("ms <key> 100", batch("ms"), HAS_BODY);
benchText(
  "mg <key> v f t s k q O123",
  Bytes.fromLatin1("mg key:00000000 v f t s k q O123\r\n".repeat(PIPE)),
);
benchText(
  "delete <key>",
  Bytes.fromLatin1("delete key:00000000\r\n".repeat(PIPE)),
);
benchText(
  "incr <key> 1",
  Bytes.fromLatin1("incr key:00000000 1\r\n".repeat(PIPE)),
);
benchText(
  "touch <key> 100",
  Bytes.fromLatin1("touch key:00000000 100\r\n".repeat(PIPE)),
);

const line = batch("mget", 1);
let keyAt = 4;
benchThousand("nextKey", "line of 50 keys", () => {
  const found = nextKey(line, keyAt, line.capacity, command);
  // One call in 51 finds the end of the line.
  keyAt = found === KEY ? command.keysAt : 4;
  return command.keyLength;
}, { each: 12 });

const packets = batch("bget");
let packetAt = 0;
benchThousand("parseBinary", "get", () => {
  const status = parseBinary(packets, packetAt, packets.capacity, command);
  packetAt = command.next >= packets.capacity ? 0 : command.next;
  return status;
}, { each: COMPLETE });
