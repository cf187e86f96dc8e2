// A small fediverse server on Fedify: one actor, who remembers what comes and does as told.
// node peer.mjs FIRST_KNOCK; prints its address, then obeys JSON posted to /control/.
import { createServer } from "node:http";
import { once } from "node:events";
import { Temporal } from "@js-temporal/polyfill";
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import {
  Accept, Activity, Announce, Block, Create, Delete, EmojiReact, Endpoints, Flag, Follow, Like,
  Mention, Move, Note, Person, PUBLIC_COLLECTION, Reject, Tombstone, Undo, Update,
} from "@fedify/vocab";

const NAME = "fay";
const people = { fay: { name: "Fay" }, faye: { name: "Faye", aliases: ["fay"] } }; // her next home
const federation = createFederation({
  kv: new MemoryKvStore(),
  allowPrivateAddress: true, // everything here lives on loopback
  firstKnock: process.argv[2],
});
const keys = [
  await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  await generateCryptoKeyPair("Ed25519"),
];
const received = [];
const followers = new Map();
let count = 0;

async function person(ctx, identifier) {
  if (!people[identifier]) return null;
  const { name, aliases = [], successor } = people[identifier];
  const uri = (other) => (other.startsWith("http") ? new URL(other) : ctx.getActorUri(other));
  const pairs = await ctx.getActorKeyPairs(identifier);
  return new Person({
    id: ctx.getActorUri(identifier),
    preferredUsername: identifier,
    name,
    aliases: aliases.map(uri),
    successor: successor && uri(successor),
    inbox: ctx.getInboxUri(identifier),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    followers: ctx.getFollowersUri(identifier),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  });
}

federation
  .setActorDispatcher("/users/{identifier}", person)
  .setKeyPairsDispatcher((_, identifier) => (people[identifier] ? keys : []));
federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({
  items: [...followers.values()],
}));
const notes = new Map();
federation.setObjectDispatcher(Note, "/notes/{id}", (_, { id }) => notes.get(id) ?? null);
federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Follow, async (ctx, follow) => {
    received.push(await follow.toJsonLd()); // before it is filled with what is fetched
    const actor = await follow.getActor(ctx);
    const { identifier } = ctx.parseUri(follow.objectId);
    if (identifier === NAME) followers.set(actor.id.href, actor);
    const accept = new Accept({ id: fresh(ctx), actor: follow.objectId, object: follow });
    await ctx.sendActivity({ identifier }, actor, accept);
  })
  .on(Activity, async (_, activity) => received.push(await activity.toJsonLd()));

const fresh = (ctx) => new URL(`/activities/${++count}`, ctx.canonicalOrigin);
const by = (ctx) => ({ id: fresh(ctx), actor: ctx.getActorUri(NAME) });

const verbs = {
  async follow(ctx, { whom }) {
    const target = await ctx.lookupObject(whom); // by URL: handles are asked for over https only
    return [target, new Follow({ ...by(ctx), object: target.id })];
  },
  async like(ctx, { post }) {
    const note = await ctx.lookupObject(post);
    return [await note.getAttribution(ctx), new Like({ ...by(ctx), object: note.id })];
  },
  async react(ctx, { post, emoji }) {
    const note = await ctx.lookupObject(post);
    const object = note.id;
    return [await note.getAttribution(ctx), new EmojiReact({ ...by(ctx), object, content: emoji })];
  },
  async boost(ctx, { post }) {
    const note = await ctx.lookupObject(post);
    const tos = [PUBLIC_COLLECTION];
    const ccs = [ctx.getFollowersUri(NAME), note.attributionId];
    return [await note.getAttribution(ctx), new Announce({ ...by(ctx), object: note.id, tos, ccs })];
  },
  async undo(ctx, { what, to }) {
    const object = await Activity.fromJsonLd(JSON.parse(what));
    return [await ctx.lookupObject(to), new Undo({ ...by(ctx), object })];
  },
  async block(ctx, { whom }) {
    const target = await ctx.lookupObject(whom);
    return [target, new Block({ ...by(ctx), object: target.id })];
  },
  async reject(ctx, { follow, to }) {
    const object = await Activity.fromJsonLd(JSON.parse(follow));
    followers.delete(to);
    return [await ctx.lookupObject(to), new Reject({ ...by(ctx), object })];
  },
  async report(ctx, { whom, words }) {
    const target = await ctx.lookupObject(whom);
    return [target, new Flag({ ...by(ctx), object: target.id, content: words })];
  },
  async rename(ctx, { name, to }) {
    people[NAME].name = name;
    const object = await person(ctx, NAME);
    return [await ctx.lookupObject(to), new Update({ ...by(ctx), object, to: PUBLIC_COLLECTION })];
  },
  async alias(_, { of }) {
    people[NAME].aliases = [of];
  },
  async move(ctx, { to }) {
    people[NAME].successor = "faye";
    const target = ctx.getActorUri("faye");
    const move = new Move({ ...by(ctx), object: ctx.getActorUri(NAME), target });
    return [await ctx.lookupObject(to), move];
  },
  async leave(ctx, { to }) {
    const object = ctx.getActorUri(NAME);
    return [await ctx.lookupObject(to), new Delete({ ...by(ctx), object, to: PUBLIC_COLLECTION })];
  },
  async edit(ctx, { post, text, to }) {
    const id = post.split("/").pop();
    const updated = Temporal.Now.instant();
    const object = notes.get(id).clone({ content: `<p>${text}</p>`, updated });
    notes.set(id, object);
    const { toIds: tos, ccIds: ccs } = object;
    return [await ctx.lookupObject(to), new Update({ ...by(ctx), object, tos, ccs, updated })];
  },
  async retract(ctx, { post, to }) {
    notes.delete(post.split("/").pop());
    const object = new Tombstone({ id: new URL(post) });
    return [await ctx.lookupObject(to), new Delete({ ...by(ctx), object, to: PUBLIC_COLLECTION })];
  },
  async post(ctx, { text, replyTo, to, audience = "public", handle }) {
    const actor = ctx.getActorUri(NAME);
    const id = String(++count);
    const mine = ctx.getFollowersUri(NAME);
    const named = to ? [new URL(to)] : [];
    const addressed = {
      public: { tos: [PUBLIC_COLLECTION], ccs: [mine, ...named] },
      followers: { tos: [mine], ccs: named },
      direct: { tos: named, ccs: [] },
    }[audience];
    const note = new Note({
      id: ctx.getObjectUri(Note, { id }),
      attribution: actor,
      content: `<p>${text}</p>`,
      published: Temporal.Now.instant(),
      replyTarget: replyTo ? new URL(replyTo) : null,
      tags: handle ? [new Mention({ href: named[0], name: handle })] : [],
      ...addressed,
    });
    notes.set(id, note);
    const create = new Create({ ...by(ctx), object: note, ...addressed });
    return [to ? await ctx.lookupObject(to) : "followers", create];
  },
};

async function control(verb, told, origin) {
  if (verb === "received") return received;
  const ctx = federation.createContext(new URL(origin));
  const [recipient, activity] = (await verbs[verb](ctx, told)) ?? [];
  if (!activity) return {};
  await ctx.sendActivity({ identifier: NAME }, recipient, activity);
  return activity.toJsonLd();
}

const server = createServer(async (request, response) => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const url = new URL(request.url, origin);
  const chunks = await request.toArray();
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  let answer;
  try {
    if (url.pathname.startsWith("/control/")) {
      answer = Response.json(await control(url.pathname.slice(9), JSON.parse(body ?? "{}"), origin));
    } else {
      const { method, headers } = request;
      answer = await federation.fetch(new Request(url, { method, headers, body }), {});
    }
  } catch (error) {
    answer = new Response(String(error?.stack ?? error), { status: 500 });
  }
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
});
process.stdin.on("end", () => process.exit(0)).resume(); // whoever started us is gone
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`http://127.0.0.1:${server.address().port}`);
