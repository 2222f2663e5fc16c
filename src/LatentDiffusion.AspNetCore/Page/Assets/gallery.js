import { element, find } from "./dom.js";
import * as store from "./store.js";
import { view } from "./viewer.js";

/** Records of images, newest first: { name, blob, settings, source, created }. */
let records = [];
const tiles = new Map();

const order = (a, b) => b.created.localeCompare(a.created) || a.name.localeCompare(b.name, "en", { numeric: true });

export async function load() {
  records = (await store.images.all()).sort(order);
  find("images").replaceChildren(...records.map(tile));
  count();
}

export async function add(record) {
  await store.images.put(record);
  if (tiles.has(record.name)) return;
  records = [...records, record].sort(order);
  const next = records[records.indexOf(record) + 1];
  find("images").insertBefore(tile(record), tiles.get(next?.name)?.item ?? null);
  count();
}

async function remove(record) {
  await store.images.delete(record.name);
  const { item, url } = tiles.get(record.name);
  item.remove();
  URL.revokeObjectURL(url);
  tiles.delete(record.name);
  records = records.filter(other => other !== record);
  count();
}

function tile(record) {
  const url = URL.createObjectURL(record.blob);
  const image = element("img", { src: url, alt: "", decoding: "async" });
  const label = `Show: ${record.settings.prompt || "image without a prompt"}, seed ${record.settings.seed}`;
  const button = element("button", { type: "button", className: "tile", "aria-label": label }, image);
  const item = element("li", {}, button);
  tiles.set(record.name, { item, url });
  button.addEventListener("click", () => open(record));
  return item;
}

function open(record) {
  const index = records.indexOf(record);
  view(record, tiles.get(record.name).url, {
    newer: records[index - 1] && (() => open(records[index - 1])),
    older: records[index + 1] && (() => open(records[index + 1])),
    remove: async () => {
      await remove(record);
      const next = records[index] ?? records[index - 1];
      if (next) open(next);
      return Boolean(next);
    },
    closed: () => (tiles.get(record.name)?.item.firstChild ?? find("gallery")).focus(),
  });
}

function count() {
  find("empty").hidden = records.length > 0;
  find("gallery-count").textContent = records.length === 0 ? "" : `${records.length} ${records.length === 1 ? "image" : "images"}`;
}
