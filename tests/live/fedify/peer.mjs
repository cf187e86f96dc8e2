// A small fediverse server on Fedify: it remembers what comes and does as told.
// node peer.mjs FIRST_KNOCK; prints its address, then obeys JSON posted to /control/.
import { createServer } from "node:http";
import { once } from "node:events";
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import {
  Accept, Activity, Endpoints, Follow, Image, Note, Person, PropertyValue, Question,
  QuoteAuthorization,
} from "@fedify/vocab";
import { files, followers, fresh, me, objects, people, pinned, received, unread } from "./memory.mjs";
import { read } from "./reads.mjs";
import { makeVerbs } from "./verbs.mjs";

const federation = createFederation({
  kv: new MemoryKvStore(),
  allowPrivateAddress: true, // everything here lives on loopback
  firstKnock: process.argv[2],
});
const keys = [
  await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  await generateCryptoKeyPair("Ed25519"),
];

async function person(ctx, identifier) {
  if (!people[identifier]) return null;
  const { kind = Person, aliases = [], fields = [], moderators } = people[identifier];
  const { name, summary, icon, successor } = people[identifier];
  const uri = (other) => (other.startsWith("http") ? new URL(other) : ctx.getActorUri(other));
  const pairs = await ctx.getActorKeyPairs(identifier);
  return new kind({
    id: ctx.getActorUri(identifier),
    preferredUsername: identifier,
    name,
    summary,
    icon: icon && new Image({ url: new URL(icon), mediaType: "image/png" }),
    attachments: fields.map(([label, value]) => new PropertyValue({ name: label, value })),
    aliases: aliases.map(uri),
    successor: successor && uri(successor),
    attribution: moderators && ctx.getCollectionUri("moderators", { identifier }),
    inbox: ctx.getInboxUri(identifier),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    followers: ctx.getFollowersUri(identifier),
    featured: ctx.getFeaturedUri(identifier),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  });
}

federation
  .setActorDispatcher("/users/{identifier}", person)
  .setKeyPairsDispatcher((_, identifier) => (people[identifier] ? keys : []));
federation.setFollowersDispatcher("/users/{identifier}/followers", (_, identifier) => ({
  items: [...followers.get(identifier).values()],
}));
federation.setFeaturedDispatcher("/users/{identifier}/featured", (_, identifier) => ({
  items: identifier === me.name ? pinned : [],
}));
federation.setCollectionDispatcher(
  "moderators", Person, "/users/{identifier}/moderators",
  async (ctx, { identifier }) => ({
    items: await Promise.all(people[identifier].moderators.map((name) => person(ctx, name))),
  }),
);
for (const [kind, path] of [[Note, "notes"], [Question, "questions"], [QuoteAuthorization, "stamps"]]) {
  federation.setObjectDispatcher(kind, `/${path}/{id}`, (_, { id }) => objects.get(id) ?? null);
}

async function remember(ctx, activity) {
  if (ctx.recipient && !Object.values(me).includes(ctx.recipient)) return; // of an earlier story
  const said = await activity.toJsonLd(); // as it came, before it is filled with what is fetched
  received.push({ ...said, read: await read(activity) });
}

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(Follow, async (ctx, follow) => {
    await remember(ctx, follow);
    const actor = await follow.getActor(ctx);
    const { identifier } = ctx.parseUri(follow.objectId);
    followers.get(identifier).set(actor.id.href, actor);
    const accept = new Accept({ id: fresh(ctx), actor: follow.objectId, object: follow });
    await ctx.sendActivity({ identifier }, actor, accept);
  })
  .on(Activity, remember);

const verbs = makeVerbs({ person, privateKey: keys[0].privateKey, spec: process.argv[2] });

async function control(verb, told, origin) {
  if (verb === "received") return received;
  if (verb === "unread") return unread;
  const ctx = federation.createContext(new URL(origin));
  const done = (await verbs[verb](ctx, told)) ?? {};
  if (!(done[1] instanceof Activity)) return done; // it had only to look
  const [recipient, activity, identifier = me.name] = done;
  await ctx.sendActivity({ identifier }, recipient, activity);
  return activity.toJsonLd();
}

async function answered(url, request, body, origin) {
  const { pathname } = url;
  if (pathname.startsWith("/control/")) {
    return Response.json(await control(pathname.slice(9), JSON.parse(body ?? "{}"), origin));
  }
  if (files.has(pathname)) {
    const { data, mediaType } = files.get(pathname);
    return new Response(data, { headers: { "content-type": mediaType } });
  }
  const { method, headers } = request;
  const answer = await federation.fetch(new Request(url, { method, headers, body }), {});
  if (method === "POST" && answer.status === 400) unread.push(JSON.parse(body));
  return answer;
}

const server = createServer(async (request, response) => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const chunks = await request.toArray();
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  let answer;
  try {
    answer = await answered(new URL(request.url, origin), request, body, origin);
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
