// What the peer knows: who lives there, what they wrote, what came.
import { Group } from "@fedify/vocab";

export const me = {}; // who acts now: one of this server, where they move to, and their group
export const people = {};
export const followers = new Map();
export const pinned = [];
export const objects = new Map(); // by the last part of their address
export const files = new Map();
export const received = [];
export const unread = []; // what Fedify answered with 400, as it came

/** A new story begins, with people whom nobody knows. */
export function begin(mark, name) {
  Object.assign(me, { name: `fay${mark}`, next: `faye${mark}`, club: `club${mark}` });
  people[me.name] = { name };
  people[me.next] = { name: "Faye", aliases: [me.name] };
  people[me.club] = { name: "Club", kind: Group, moderators: [me.name] };
  for (const name of Object.values(me)) followers.set(name, new Map());
  pinned.length = received.length = unread.length = 0;
}

let count = 0;
export const number = () => String(++count);
export const fresh = (ctx) => new URL(`/activities/${number()}`, ctx.canonicalOrigin);
export const kept = (uri) => objects.get(String(uri).split("/").pop());
