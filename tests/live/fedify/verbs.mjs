// What the peer can be told to do. Each verb gives whom it tells and what, or what it found.
import { Temporal } from "@js-temporal/polyfill";
import { signRequest } from "@fedify/fedify";
import * as vocab from "@fedify/vocab";
import {
  begin, files, fresh, followers, kept, me, number, objects, people, pinned,
} from "./memory.mjs";
import { read } from "./reads.mjs";

const {
  Accept, Activity, Add, Announce, Block, Collection, Create, Delete, Emoji, EmojiReact, Flag,
  Follow, Image, InteractionPolicy, InteractionRule, Like, Mention, Move, Note, PUBLIC_COLLECTION,
  Question, QuoteAuthorization, QuoteRequest, Reject, Remove, ReplyRequest,
  Tombstone, Undo, Update,
} = vocab;

const by = (ctx, name = me.name) => ({ id: fresh(ctx), actor: ctx.getActorUri(name) });
const asUrl = (value) => (value ? new URL(value) : null);
const openly = { to: PUBLIC_COLLECTION };
const reader = async (ctx, to) => (to ? await ctx.lookupObject(to) : "followers");

function pictured(emojis = {}) {
  return Object.entries(emojis).map(([name, url]) => {
    const icon = new Image({ url: new URL(url), mediaType: "image/png" });
    return new Emoji({ id: new URL(`#${name}`, url), name: `:${name}:`, icon });
  });
}

function option(name, votes = 0) {
  return new Note({ name, replies: new Collection({ totalItems: votes }) });
}

function quotable(ctx, who) {
  const everybody = [PUBLIC_COLLECTION];
  const canQuote = {
    everybody: { automaticApprovals: everybody },
    ask: { manualApprovals: everybody },
    nobody: { automaticApprovals: [ctx.getActorUri(me.name)] },
  }[who];
  return canQuote && new InteractionPolicy({ canQuote: new InteractionRule(canQuote) });
}

function addressed(ctx, { to, audience = "public", group }) {
  const mine = ctx.getFollowersUri(me.name);
  const named = [to, group].filter(Boolean).map(asUrl);
  return {
    public: { tos: [PUBLIC_COLLECTION], ccs: [mine, ...named] },
    followers: { tos: [mine], ccs: named },
    direct: { tos: named, ccs: [] },
  }[audience];
}

function written(ctx, told) {
  const kind = told.options ? Question : Note;
  const id = number();
  const note = new kind({
    id: ctx.getObjectUri(kind, { id }),
    attribution: ctx.getActorUri(me.name),
    content: `<p>${told.text}</p>`,
    published: Temporal.Now.instant(),
    summary: told.warning,
    sensitive: told.sensitive,
    replyTarget: asUrl(told.replyTo),
    audience: asUrl(told.group),
    quote: asUrl(told.quote),
    interactionPolicy: quotable(ctx, told.quotable),
    tags: [
      ...pictured(told.emojis),
      ...(told.handle ? [new Mention({ href: new URL(told.to), name: told.handle })] : []),
    ],
    attachments: (told.files ?? []).map(
      ({ kind, url, ...said }) => new vocab[kind]({ url: new URL(url), ...said }),
    ),
    ...(told.options && {
      [told.multiple ? "inclusiveOptions" : "exclusiveOptions"]: told.options.map((name) => option(name)),
      endTime: Temporal.Now.instant().add({ hours: 24 }),
      voters: 0,
    }),
    ...addressed(ctx, told),
  });
  objects.set(id, note);
  return note;
}

function updated(ctx, object) {
  objects.set(object.id.pathname.split("/").pop(), object);
  const { toIds: tos, ccIds: ccs, audienceId: audience } = object;
  return new Update({ ...by(ctx), object, tos, ccs, audience, updated: object.updated });
}

/** The request as it is named in an answer: by plain ids. */
async function asked(request) {
  const { id, actorId, objectId, instrumentId } = await QuoteRequest.fromJsonLd(request);
  return new QuoteRequest({ id, actor: actorId, object: objectId, instrument: instrumentId });
}

const relations = {
  async follow(ctx, { whom }) {
    const target = await ctx.lookupObject(whom); // by URL: handles are asked for over https only
    return [target, new Follow({ ...by(ctx), object: target.id })];
  },
  async undo(ctx, { what, to }) {
    const object = await Activity.fromJsonLd(what);
    return [await ctx.lookupObject(to), new Undo({ ...by(ctx), object })];
  },
  async block(ctx, { whom }) {
    const target = await ctx.lookupObject(whom);
    return [target, new Block({ ...by(ctx), object: target.id })];
  },
  async reject(ctx, { follow, to }) {
    const object = await Activity.fromJsonLd(follow);
    followers.get(me.name).delete(to);
    return [await ctx.lookupObject(to), new Reject({ ...by(ctx), object })];
  },
  async report(ctx, { whom, words }) {
    const target = await ctx.lookupObject(whom);
    return [target, new Flag({ ...by(ctx), object: target.id, content: words })];
  },
};

const profiles = (person) => ({
  async introduce(ctx, { to, ...said }) {
    Object.assign(people[me.name], said);
    const object = await person(ctx, me.name);
    return [await reader(ctx, to), new Update({ ...by(ctx), object, ...openly })];
  },
  async alias(_, { of }) {
    people[me.name].aliases = [of];
  },
  async move(ctx, { to }) {
    people[me.name].successor = me.next;
    const target = ctx.getActorUri(me.next);
    const move = new Move({ ...by(ctx), object: ctx.getActorUri(me.name), target });
    return [await ctx.lookupObject(to), move];
  },
  async leave(ctx, { to }) {
    const object = ctx.getActorUri(me.name);
    return [await ctx.lookupObject(to), new Delete({ ...by(ctx), object, ...openly })];
  },
});

const posts = {
  async post(ctx, told) {
    const object = written(ctx, told);
    const create = new Create({ ...by(ctx), object, audience: asUrl(told.group), ...addressed(ctx, told) });
    return [await reader(ctx, told.group ?? told.to), create];
  },
  async edit(ctx, { post, text, warning, to }) {
    const said = { content: `<p>${text}</p>`, updated: Temporal.Now.instant() };
    const object = kept(post).clone(warning ? { ...said, summary: warning } : said);
    return [await reader(ctx, to), updated(ctx, object)];
  },
  async retract(ctx, { post, to }) {
    objects.delete(post.split("/").pop());
    const object = new Tombstone({ id: new URL(post) });
    return [await reader(ctx, to), new Delete({ ...by(ctx), object, ...openly })];
  },
  /** What is answered only after a yes, as GoToSocial asks it. */
  async askToAnswer(ctx, told) {
    const instrument = written(ctx, told);
    const object = instrument.replyTargetId;
    return [await ctx.lookupObject(told.to), new ReplyRequest({ ...by(ctx), object, instrument })];
  },
  /** An answer may not stand under a post, in the form that GoToSocial gives it. */
  async refuseAnswer(ctx, { answer, post, to }) {
    const said = { object: new URL(answer), target: new URL(post) };
    return [await ctx.lookupObject(to), new Reject({ ...by(ctx), ...said })];
  },
  async like(ctx, { post }) {
    const note = await ctx.lookupObject(post);
    return [await note.getAttribution(ctx), new Like({ ...by(ctx), object: note.id })];
  },
  async react(ctx, { post, emoji, emojis }) {
    const note = await ctx.lookupObject(post);
    const said = { object: note.id, content: emoji, tags: pictured(emojis) };
    return [await note.getAttribution(ctx), new EmojiReact({ ...by(ctx), ...said })];
  },
  async boost(ctx, { post }) {
    const note = await ctx.lookupObject(post);
    const tos = [PUBLIC_COLLECTION];
    const ccs = [ctx.getFollowersUri(me.name), note.attributionId];
    return [await note.getAttribution(ctx), new Announce({ ...by(ctx), object: note.id, tos, ccs })];
  },
};

const pins = {
  async pin(ctx, { post, to }) {
    pinned.push(kept(post));
    const target = ctx.getFeaturedUri(me.name);
    return [await reader(ctx, to), new Add({ ...by(ctx), object: new URL(post), target, ...openly })];
  },
  async unpin(ctx, { post, to }) {
    pinned.length = 0;
    const target = ctx.getFeaturedUri(me.name);
    return [await reader(ctx, to), new Remove({ ...by(ctx), object: new URL(post), target, ...openly })];
  },
};

const polls = {
  async vote(ctx, { poll, choice }) {
    const question = await ctx.lookupObject(poll);
    const options = await Array.fromAsync(question.getExclusiveOptions(ctx));
    const { name } = options.find((one) => String(one.name) === choice);
    const author = await question.getAttribution(ctx);
    const id = ctx.getObjectUri(Note, { id: number() });
    const said = { id, name, attribution: ctx.getActorUri(me.name), replyTarget: question.id, to: author.id };
    return [author, new Create({ ...by(ctx), object: new Note(said), to: author.id })];
  },
  async count(ctx, { poll, votes, voters, over, to }) {
    const options = Object.entries(votes).map(([name, said]) => option(name, said));
    const said = { exclusiveOptions: options, voters };
    if (over) said.closed = Temporal.Now.instant();
    return [await reader(ctx, to), updated(ctx, kept(poll).clone(said))];
  },
};

const quotes = {
  async askToQuote(ctx, { post }) {
    const instrument = kept(post);
    const note = await ctx.lookupObject(instrument.quoteId);
    return [await note.getAttribution(ctx), new QuoteRequest({ ...by(ctx), object: note.id, instrument })];
  },
  async letQuote(ctx, { request }) {
    const object = await asked(request);
    const id = number();
    const stamp = new QuoteAuthorization({
      id: ctx.getObjectUri(QuoteAuthorization, { id }),
      attribution: ctx.getActorUri(me.name),
      interactingObject: object.instrumentId,
      interactionTarget: object.objectId,
    });
    objects.set(id, stamp);
    const accept = new Accept({ ...by(ctx), object, result: stamp.id });
    return [await ctx.lookupObject(object.actorId), accept];
  },
  async refuseQuote(ctx, { request }) {
    const object = await asked(request);
    return [await ctx.lookupObject(object.actorId), new Reject({ ...by(ctx), object })];
  },
  async takeBack(ctx, { stamp, to }) {
    const object = kept(stamp);
    objects.delete(stamp.split("/").pop());
    return [await ctx.lookupObject(to), new Delete({ ...by(ctx), object, ...openly })];
  },
};

const groups = {
  /** A measure of a moderator, as Fedify's classes say it. */
  async moderate(ctx, { kind, object, group, to = group, ...more }) {
    const target = asUrl(more.target);
    const said = { object: new URL(object), target, summary: more.reason, audience: new URL(group) };
    return [await ctx.lookupObject(to), new vocab[kind]({ ...by(ctx), ...said, ...openly })];
  },
  /** The club tells its followers what somebody did in it. */
  async pass(ctx, { what }) {
    const object = typeof what === "string" ? new URL(what) : await Activity.fromJsonLd(what);
    return ["followers", new Announce({ ...by(ctx, me.club), object, ...openly }), me.club];
  },
};

const looks = ({ privateKey, spec }) => ({
  async begin(_, { mark, name }) {
    begin(mark, name);
  },
  /** What somebody of this server sees, who signs their question. */
  async look(ctx, { what, as = me.name }) {
    const documentLoader = await ctx.getDocumentLoader({ identifier: as });
    return read(await ctx.lookupObject(what, { documentLoader }));
  },
  async featured(ctx, { of }) {
    // What is fetched without a signature Fedify keeps for five minutes.
    const documentLoader = await ctx.getDocumentLoader({ identifier: me.name });
    const anew = { documentLoader, contextLoader: ctx.contextLoader };
    const items = (await (await ctx.lookupObject(of, anew)).getFeatured(anew)).getItems(anew);
    return Promise.all((await Array.fromAsync(items)).map((one) => read(one)));
  },
  async keep(ctx, { name, data, mediaType }) {
    files.set(`/files/${name}`, { data: Buffer.from(data, "base64"), mediaType });
    return { url: new URL(`/files/${name}`, ctx.canonicalOrigin).href };
  },
  /** What no class of Fedify can say (Lock): the JSON itself, signed by Fedify as documented. */
  async say(ctx, { activity, to }) {
    const inbox = (await ctx.lookupObject(to)).inboxId;
    const said = { ...activity, id: fresh(ctx).href, actor: ctx.getActorUri(me.name).href };
    const headers = { "content-type": "application/activity+json" };
    const request = new Request(inbox, { method: "POST", headers, body: JSON.stringify(said) });
    const [pair] = await ctx.getActorKeyPairs(me.name);
    const answer = await fetch(await signRequest(request, privateKey, pair.keyId, { spec }));
    return { status: answer.status, said };
  },
});

export function makeVerbs({ person, ...signing }) {
  return {
    ...relations, ...profiles(person), ...posts, ...pins, ...polls, ...quotes, ...groups,
    ...looks(signing),
  };
}
