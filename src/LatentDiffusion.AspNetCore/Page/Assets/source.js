import { find } from "./dom.js";
import { complain, read, setSize } from "./form.js";
import { paint, tinted } from "./mask.js";
import { models } from "./models.js";

const largestMask = 1024;
const shown = find("source-shown");

/** The image to start from, as a file and decoded, and the mask as a canvas of the same shape. */
let file = null, bitmap = null, mask = null;

/** Files for the request, at the size that it generates: both are cut and scaled in the same way. */
export async function files() {
  if (!bitmap) return {};
  const { width, height } = target();
  return {
    initial_image: await png(drawn(bitmap, width, height)),
    ...(mask && { mask: await png(drawn(mask, width, height)) }),
  };
}

/** What must be kept to come back to this source. */
export async function kept() {
  return bitmap ? { file, mask: mask && await png(mask) } : null;
}

export async function restore(source) {
  await use(source?.file ?? null, source?.mask ?? null, false);
}

export async function use(chosen, chosenMask = null, fits = true) {
  let decoded = null;
  if (chosen) {
    try {
      decoded = await createImageBitmap(chosen);
    } catch {
      complain(new Error("This file is not an image that the browser can read."));
      return;
    }
  }
  // The size of the image depends on the model's.
  if (decoded && fits) await models.ready;
  bitmap?.close();
  [file, bitmap, mask] = [chosen, decoded, null];
  if (decoded && fits) fit();
  if (!decoded && fits) setSize();
  if (decoded && chosenMask) {
    const painted = await createImageBitmap(chosenMask);
    mask = blankMask();
    mask.getContext("2d").drawImage(painted, 0, 0, mask.width, mask.height);
  }
  complain(null);
  show();
}

/** The area of the model's own size in the shape of the image, unless the model can take the image as it is. */
function fit() {
  const { size, size_multiple: step } = models.current;
  const { width, height } = bitmap;
  if (width % step === 0 && height % step === 0 && width * height <= 4 * size * size) return setSize(width, height);
  const scale = Math.sqrt((size * size) / (width * height));
  const rounded = side => Math.max(step, Math.round((side * scale) / step) * step);
  setSize(rounded(width), rounded(height));
}

function target() {
  const { width, height } = read(), { size } = models.current;
  return { width: Number(width ?? size), height: Number(height ?? size) };
}

function blankMask() {
  const scale = largestMask / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  return canvas;
}

/** The middle of an image that has the shape of the target. */
function drawn(image, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const scale = Math.max(width / image.width, height / image.height);
  const [w, h] = [image.width * scale, image.height * scale];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
  return canvas;
}

const png = canvas => new Promise(resolve => canvas.toBlob(resolve, "image/png"));

function show() {
  find("drop").hidden = bitmap !== null;
  find("chosen").hidden = bitmap === null;
  if (!bitmap) return;
  [shown.width, shown.height] = [bitmap.width, bitmap.height];
  const context = shown.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  if (mask) context.drawImage(tinted(mask), 0, 0, shown.width, shown.height);
  find("mask-state").textContent = mask ? "Only the painted area changes." : "The whole image changes.";
  find("paint-mask").textContent = mask ? "Change the mask" : "Paint a mask";
}

async function edit() {
  const painted = await paint(bitmap, mask ?? blankMask());
  if (painted === undefined) return;
  mask = painted;
  show();
}

const firstImage = list => [...(list ?? [])].find(item => item.type.startsWith("image/"));

export function start() {
  find("source-file").addEventListener("change", event => {
    const chosen = firstImage(event.target.files);
    event.target.value = "";
    if (chosen) use(chosen).then(() => find("paint-mask").focus());
  });
  find("paint-mask").addEventListener("click", edit);
  find("remove-source").addEventListener("click", () => use(null).then(() => find("source-file").focus()));
  document.addEventListener("paste", event => {
    const chosen = firstImage(event.clipboardData?.files);
    if (!chosen || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    use(chosen);
  });
  const mark = on => find("source").classList.toggle("dragging", on);
  document.addEventListener("dragover", event => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("drop", event => {
    mark(false);
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const chosen = firstImage(event.dataTransfer.files);
    if (chosen && !document.querySelector("dialog[open]")) use(chosen);
  });
}
