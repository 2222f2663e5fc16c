import { announce, element, find } from "./dom.js";

const dialog = find("viewer"), image = find("viewer-image");
const labels = {
  negative_prompt: "Negative prompt", model: "Model", scheduler_name: "Sampler", steps: "Steps", guidance_scale: "Guidance",
  seed: "Seed", strength: "Strength", size: "Size",
};

let handle = {};

/** Handlers of the actions on an image, which the rest of the page gives. */
export const actions = { use: () => {}, edit: () => {} };

/** Shows an image with its settings. */
export function view(record, url, handlers) {
  handle = { record, ...handlers };
  const { settings } = record;
  image.src = url;
  image.alt = settings.prompt || "Image without a prompt";
  find("viewer-title").textContent = settings.prompt || "Without a prompt";
  const { width, height, ...others } = settings;
  const rows = { ...others, size: `${record.width} × ${record.height}` };
  find("viewer-settings").replaceChildren(...Object.entries(labels).filter(([key]) => rows[key] !== undefined)
    .flatMap(([key, label]) => [element("dt", { textContent: label }), element("dd", { textContent: rows[key] })]));
  const download = find("viewer-download");
  download.href = url;
  download.download = fileName(settings, record.blob.type);
  find("viewer-previous").disabled = !handlers.newer;
  find("viewer-next").disabled = !handlers.older;
  if (dialog.open) announce(image.alt);
  else dialog.showModal();
}

function fileName({ prompt = "", seed }, type) {
  const words = prompt.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "").slice(0, 60);
  return `${words || "image"}-${seed}.${type === "image/jpeg" ? "jpg" : type.split("/")[1]}`;
}

function closeAnd(action) {
  const { record } = handle;
  handle.closed = () => {};
  dialog.close();
  action(record);
}

async function remove() {
  const { remove: removeImage } = handle;
  if (!await removeImage()) dialog.close();
  announce("Image deleted.");
}

export function start() {
  find("viewer-use").addEventListener("click", () => closeAnd(actions.use));
  find("viewer-edit").addEventListener("click", () => closeAnd(actions.edit));
  find("viewer-delete").addEventListener("click", remove);
  find("viewer-previous").addEventListener("click", () => handle.newer?.());
  find("viewer-next").addEventListener("click", () => handle.older?.());
  find("viewer-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    handle.closed?.();
    image.removeAttribute("src");
  });
  dialog.addEventListener("keydown", event => {
    if (event.key === "ArrowLeft") handle.newer?.();
    if (event.key === "ArrowRight") handle.older?.();
  });
}
