import { api } from "./api.js";
import { announce, find } from "./dom.js";
import * as gallery from "./gallery.js";
import { JobCard } from "./job-card.js";
import * as store from "./store.js";

const ended = new Set(["completed", "failed", "cancelled"]);
const pollPause = 2000, hiddenPause = 10000;

/** Jobs of this browser with their settings, by id. */
const own = new Map();
const cards = new Map();

/** Ids of jobs that are done with, which an answer from before their end must not show again. */
const gone = new Set();
let followed = null, timer = null;

export async function load() {
  for (const record of await store.jobs.all()) own.set(record.id, record);
  await refresh();
}

/** Takes over a job that was just added. */
export async function add(job, record) {
  own.set(job.id, record);
  show(job);
  follow();
  await store.jobs.put(record);
}

/** Asks for all jobs: connections are few, so that only one job is followed and the others are asked for. */
async function refresh() {
  clearTimeout(timer);
  let jobs;
  try {
    jobs = await api.jobs();
  } catch (problem) {
    announce(problem.message);
    return schedule();
  }
  const listed = new Map(jobs.map(job => [job.id, job]));
  for (const id of [...cards.keys()].filter(id => !listed.has(id) && !own.has(id))) drop(id);
  for (const job of jobs) if (own.has(job.id) || cards.has(job.id) || !ended.has(job.state)) await update(job);
  for (const id of own.keys()) if (!listed.has(id)) await ask(id);
  arrange(jobs);
  follow();
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (cards.size > 0) timer = setTimeout(refresh, document.hidden ? hiddenPause : pollPause);
}

async function ask(id) {
  try {
    await update(await api.job(id));
  } catch (problem) {
    if (problem.status === 404) await forget(id);
  }
}

/** Follows the first job of this browser that has not ended. */
async function follow() {
  if (followed) return;
  followed = [...cards.keys()].find(id => own.has(id) && !ended.has(cards.get(id).job.state));
  if (!followed) return;
  try {
    for await (const { name, data } of api.follow(followed)) {
      if (name === "job") await update(data);
      else if (name === "preview") cards.get(followed)?.showPreview(data);
    }
    followed = null;
    await refresh();
  } catch {
    // The next poll finds out more.
    followed = null;
    schedule();
  }
}

async function update(job) {
  if (gone.has(job.id)) return;
  if (!ended.has(job.state)) return show(job);
  const record = own.get(job.id);
  if (!record) return drop(job.id);
  if (job.state === "completed") await keep(job, record);
  else if (job.state === "failed") fail(job);
  else await forget(job.id);
}

/** Moves the images of a job into the gallery. */
async function keep(job, record) {
  if (record.keeps) return;
  record.keeps = true;
  try {
    for (const image of job.images) {
      const { image_count: count, ...settings } = record.settings;
      await gallery.add({
        name: image.name, blob: await api.image(image.name), width: image.width, height: image.height,
        settings: { ...settings, model: job.model, seed: image.seed }, source: record.source, created: job.created,
      });
    }
  } catch (problem) {
    record.keeps = false;
    return show({ ...job, state: "failed", error: { message: `The images cannot be kept: ${problem.message}` } });
  }
  await forget(job.id);
  announce(job.images.length === 1 ? "The image is ready." : `${job.images.length} images are ready.`);
}

function fail(job) {
  if (cards.get(job.id)?.job.state !== "failed") announce(`The job failed: ${job.error?.message}`);
  show(job);
}

async function forget(id) {
  gone.add(id);
  own.delete(id);
  drop(id);
  await store.jobs.delete(id);
}

function show(job) {
  if (!cards.has(job.id)) {
    const card = new JobCard(job, own.get(job.id), cancel);
    cards.set(job.id, card);
    find("jobs").append(card.item);
  }
  cards.get(job.id).show(job);
  find("queue").hidden = false;
}

function drop(id) {
  cards.get(id)?.remove();
  cards.delete(id);
  find("queue").hidden = cards.size === 0;
}

function arrange(jobs) {
  const shown = jobs.map(job => cards.get(job.id)?.item).filter(Boolean);
  const list = find("jobs");
  if (shown.some((item, i) => list.children[i] !== item)) list.prepend(...shown);
}

async function cancel(job) {
  if (job.state === "failed") return forget(job.id);
  try {
    await api.cancel(job.id);
    announce("The job is cancelled.");
  } catch (problem) {
    // It ended meanwhile.
    if (problem.status !== 404 && problem.status !== 409) announce(problem.message);
  }
  await ask(job.id);
}
