// What Fedify's own classes make of a document, in plain words: whatever they do not know is lost.

const plain = (value) =>
  ["boolean", "number"].includes(typeof value) ? value : value.href ?? String(value);
const WORDS = [
  "actorId", "attributionId", "audienceId", "closed", "content", "endTime", "href",
  "interactingObjectId", "interactionTargetId", "mediaType", "height", "name", "objectId", "quoteId",
  "quoteAuthorizationId", "replyTargetId", "resultId", "sensitive", "summary", "targetId", "totalItems",
  "updated", "url", "value", "voters", "width",
];
const ONE = ["Object", "Instrument", "Icon", "Image", "Replies"];
const SEVERAL = ["Attachments", "Tags", "ExclusiveOptions", "InclusiveOptions"];
const inside = {
  // Only what stands in the document itself.
  documentLoader: () => Promise.reject(new Error("nothing is fetched here")),
  suppressError: true,
  crossOrigin: "trust",
};

export async function read(object, depth = 4) {
  if (!object || !depth) return null;
  const found = { class: object.constructor.name };
  if (object.id) found.id = object.id.href;
  for (const word of WORDS) if (object[word] != null) found[word] = plain(object[word]);
  const canQuote = object.interactionPolicy?.canQuote;
  if (canQuote) {
    found.canQuote = canQuote.automaticApprovals.map(plain);
    found.canAsk = canQuote.manualApprovals.map(plain);
  }
  for (const name of ONE) {
    const inner = await object[`get${name}`]?.(inside);
    if (inner) found[name.toLowerCase()] = await read(inner, depth - 1);
  }
  for (const name of SEVERAL) {
    if (!object[`get${name}`]) continue;
    const inner = await Array.fromAsync(object[`get${name}`](inside));
    if (inner.length) {
      found[name[0].toLowerCase() + name.slice(1)] = await Promise.all(
        inner.map((one) => read(one, depth - 1)),
      );
    }
  }
  return found;
}
