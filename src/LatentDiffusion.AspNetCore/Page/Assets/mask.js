import { Brush } from "./brush.js";
import { find } from "./dom.js";

const dialog = find("mask"), canvas = find("mask-canvas");
const tint = "rgb(15 160 146 / 62%)";
const layer = document.createElement("canvas");

/**
 * Lets the user paint over an image. Resolves with the mask (white on transparent), null if nothing is painted, and undefined if the
 * user cancels.
 */
export function paint(image, mask) {
  const work = copy(mask);
  [canvas.width, canvas.height] = [work.width, work.height];
  const brush = new Brush(canvas, work, show);
  const size = find("brush-size");
  size.oninput = () => brush.setSize(Number(size.value));
  for (const input of document.querySelectorAll('input[name="brush"]')) {
    input.onchange = () => { brush.erases = input.value === "erase"; };
  }
  find("brush-paint").checked = true;
  find("mask-clear").onclick = () => brush.clear();
  find("mask-invert").onclick = () => brush.invert();
  find("mask-done").onclick = () => dialog.close("done");
  find("mask-cancel").onclick = () => dialog.close("");
  dialog.returnValue = "";
  dialog.showModal();
  canvas.focus();
  brush.setSize(Number(size.value));
  return new Promise(resolve => {
    dialog.onclose = () => {
      brush.stop();
      resolve(dialog.returnValue === "done" ? (isEmpty(work) ? null : work) : undefined);
    };
  });

  function show() {
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    context.drawImage(tinted(work), 0, 0);
    if (brush.at) brush.outline(context);
  }
}

/** The painted area in one colour, transparent elsewhere. */
export function tinted(mask) {
  [layer.width, layer.height] = [mask.width, mask.height];
  const context = layer.getContext("2d");
  context.drawImage(mask, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = tint;
  context.fillRect(0, 0, layer.width, layer.height);
  return layer;
}

function copy(source) {
  const target = document.createElement("canvas");
  [target.width, target.height] = [source.width, source.height];
  target.getContext("2d", { willReadFrequently: true }).drawImage(source, 0, 0);
  return target;
}

function isEmpty(mask) {
  const { data } = mask.getContext("2d").getImageData(0, 0, mask.width, mask.height);
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 127) return false;
  return true;
}
