// A small fediverse server on Fedify: one actor, who remembers what comes and does as told.
// node peer.mjs FIRST_KNOCK; prints its address, then obeys JSON posted to /control/.
import { createServer } from "node:http";
import { once } from "node:events";
import { Temporal } from "@js-temporal/polyfill";
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import {
  Accept, Activity, Create, Endpoints, Follow, Like, Note, Person, PUBLIC_COLLECTION, Undo,
} from "@fedify/vocab";

const NAME = "fay";
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

federation
  .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
    if (identifier !== NAME) return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Fay",
      inbox: ctx.getInboxUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      followers: ctx.getFollowersUri(identifier),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher((_, identifier) => (identifier === NAME ? keys : []));
federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({
  items: [...followers.values()],
}));
federation.setObjectDispatcher(Note, "/notes/{id}", () => null);
federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Follow, async (ctx, follow) => {
    received.push(await follow.toJsonLd()); // before it is filled with what is fetched
    const actor = await follow.getActor(ctx);
    followers.set(actor.id.href, actor);
    const accept = new Accept({ id: fresh(ctx), actor: ctx.getActorUri(NAME), object: follow });
    await ctx.sendActivity({ identifier: NAME }, actor, accept);
  })
  .on(Activity, async (_, activity) => received.push(await activity.toJsonLd()));

const fresh = (ctx) => new URL(`/activities/${++count}`, ctx.canonicalOrigin);

const verbs = {
  async follow(ctx, { whom }) {
    const target = await ctx.lookupObject(whom); // by URL: handles are asked for over https only
    const object = target.id;
    return [target, new Follow({ id: fresh(ctx), actor: ctx.getActorUri(NAME), object })];
  },
  async like(ctx, { post }) {
    const note = await ctx.lookupObject(post);
    const like = new Like({ id: fresh(ctx), actor: ctx.getActorUri(NAME), object: note.id });
    return [await note.getAttribution(ctx), like];
  },
  async undoLike(ctx, { post, like }) {
    const note = await ctx.lookupObject(post);
    const actor = ctx.getActorUri(NAME);
    const object = new Like({ id: new URL(like), actor, object: note.id });
    return [await note.getAttribution(ctx), new Undo({ id: fresh(ctx), actor, object })];
  },
  async post(ctx, { text, replyTo, to }) {
    const actor = ctx.getActorUri(NAME);
    const note = new Note({
      id: ctx.getObjectUri(Note, { id: String(++count) }),
      attribution: actor,
      content: `<p>${text}</p>`,
      published: Temporal.Now.instant(),
      replyTarget: replyTo ? new URL(replyTo) : null,
      tos: [PUBLIC_COLLECTION],
      ccs: [ctx.getFollowersUri(NAME), ...(to ? [new URL(to)] : [])],
    });
    const create = new Create({
      id: fresh(ctx), actor, object: note, tos: note.toIds, ccs: note.ccIds,
    });
    return [to ? await ctx.lookupObject(to) : "followers", create];
  },
};

async function control(verb, told, origin) {
  if (verb === "received") return received;
  const ctx = federation.createContext(new URL(origin));
  const [recipient, activity] = await verbs[verb](ctx, told);
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
