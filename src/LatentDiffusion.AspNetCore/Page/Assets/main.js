import { api, key } from "./api.js";
import { announce, find } from "./dom.js";
import * as form from "./form.js";
import * as gallery from "./gallery.js";
import { models } from "./models.js";
import * as queue from "./queue.js";
import * as source from "./source.js";
import * as store from "./store.js";
import * as viewer from "./viewer.js";

const previewEvery = "2";

async function generate() {
  form.complain(null);
  try {
    const settings = form.read(), { strength, ...others } = settings, files = await source.files();
    const used = files.initial_image ? settings : others;
    const fields = new FormData();
    for (const [name, value] of Object.entries({ prompt: "", ...used, preview_every: previewEvery })) fields.append(name, value);
    for (const [name, file] of Object.entries(files)) fields.append(name, file, `${name}.png`);
    const job = await api.add(fields);
    announce("The job is in the queue.");
    await queue.add(job, { id: job.id, settings: used, source: await source.kept() });
    find("queue").scrollIntoView({ block: "nearest" });
  } catch (problem) {
    form.complain(problem);
  }
}

async function use(record) {
  await source.restore(record.source);
  await form.write(record.settings);
  find("prompt").focus();
  announce("The form has the settings of the image.");
}

async function edit(record) {
  await source.use(record.blob);
  find("source").scrollIntoView({ block: "nearest" });
  find("paint-mask").focus();
}

Object.assign(viewer.actions, { use, edit });
const restoreChoices = form.restore();
form.start(generate);
source.start();
viewer.start();
find("forget-key").addEventListener("click", () => {
  key.forget();
  location.reload();
});

try {
  const { caller } = await models.load();
  find("forget-key").hidden = !key.get();
  await store.open(caller);
  await gallery.load();
  await Promise.all([restoreChoices(), queue.load()]);
} catch (problem) {
  form.complain(problem);
}
