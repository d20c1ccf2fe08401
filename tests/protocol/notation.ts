/**
 * Owns the notation of transcripts: what stands for bytes that cannot be known
 * beforehand. Never sends anything.
 *
 * A transcript is text in which each character is one byte. In a reply
 *
 *   {cas:a}    a CAS id in decimal digits: remembered as `a` the first time,
 *              the same id from then on
 *   {cas:b!a}  likewise, and it must not be the id `a`
 *   {cas8:a}   the same as the eight bytes of a binary header; `!` likewise
 *   {ttl:100}  100, or some seconds less where the clock cannot be stopped
 *   {age:0}    0, or some seconds more where the clock cannot be stopped
 *   {now+5}    the server's Unix time plus 5, give or take likewise
 *   {n}        any decimal number
 *   {*}        anything within a line, but no space
 *   {any}      anything at all, as little as possible
 *   {close}    at the end only: the server ends the connection
 *
 * and in a request {cas:a}, {cas8:a} and {now+5} stand for their values. Other
 * braces are ordinary bytes.
 *
 * @module
 */

/** What stands for something else. Its groups: how an id is written, its name,
 * the name of an id that it is not; ttl or age, and seconds; what is added to
 * the time; a wildcard. */
export const TOKEN =
  /\{(?:(cas8?):(\w+)(?:!(\w+))?|(ttl|age):(\d+)|now([+-]\d+)?|(n|\*|any|close))\}/g;

/** What a transcript has learnt while it is played. */
export interface Knowledge {
  /** CAS ids by the names that the transcript gave them. */
  ids: ReadonlyMap<string, bigint>;
  /** The server's Unix time when the exchange began. */
  now: number;
  /** Whether the clock stands still, so that times are exact. */
  isExact: boolean;
}

/** Whether a reply or request needs the server's time. */
export function asksForTime(text: string): boolean {
  return /\{now(?:[+-]\d+)?\}/.test(text);
}

/** Whether a reply ends with the end of the connection. */
export function closes(reply: string): boolean {
  return reply.endsWith("{close}");
}

function idOf(name: string, knowledge: Knowledge): bigint {
  const id = knowledge.ids.get(name);
  if (id === undefined) throw new Error(`no CAS id is known as "${name}"`);
  return id;
}

function toEightBytes(id: bigint): string {
  let text = "";
  for (let shift = 56n; shift >= 0n; shift -= 8n) {
    text += String.fromCharCode(Number((id >> shift) & 0xffn));
  }
  return text;
}

/** The bytes of a request. */
export function fillRequest(request: string, knowledge: Knowledge): string {
  return request.replace(TOKEN, (token, form, name, _not, _t, _s, offset) => {
    if (form === "cas") return String(idOf(name, knowledge));
    if (form === "cas8") return toEightBytes(idOf(name, knowledge));
    if (!token.startsWith("{now")) return token;
    return String(knowledge.now + Number(offset ?? 0));
  });
}
