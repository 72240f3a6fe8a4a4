// What the page was made from: elements of the document that are no script.
export const page = JSON.parse(document.getElementById("data").textContent);

export const byId = (id) => document.getElementById(id);

/** Return the bytes of a block, null where the page has none of that name. */
export function blockBytes(name) {
  const element = byId(name);
  if (element === null) return null;
  const text = atob(element.textContent);
  element.remove(); // it would stay in memory a second time
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Return the bytes of a block that zlib compressed, null where the page has none. */
export async function unpackedBlock(name) {
  const bytes = blockBytes(name);
  if (bytes === null) return null;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
