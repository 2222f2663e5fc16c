import { element } from "./dom.js";

/** A job in the queue: its prompt, state, progress, preview and a button that cancels it. */
export class JobCard {
  #record;
  #url = null;
  #state = element("p", { className: "state" });
  #button = element("button", { type: "button" });

  constructor(job, record, cancel) {
    this.#record = record;
    this.prompt = record ? record.settings.prompt || "Without a prompt" : "Started elsewhere";
    this.progress = element("progress", { max: 1, hidden: true, "aria-label": `Progress of ${this.prompt}` });
    this.preview = element("img", { alt: "Preview", hidden: true });
    this.item = element(
      "li", { className: "job" }, element("div", { className: "preview" }, this.preview),
      element("p", { className: "prompt", textContent: this.prompt, title: this.prompt }),
      this.#state, this.progress, this.#button);
    this.#button.addEventListener("click", () => cancel(this.job));
  }

  show(job) {
    this.job = job;
    const runs = job.state === "running", failed = job.state === "failed";
    this.item.classList.toggle("failed", failed);
    this.#state.textContent = describe(job);
    this.#button.textContent = failed ? "Dismiss" : "Cancel";
    this.#button.setAttribute("aria-label", `${this.#button.textContent}: ${this.prompt}`);
    this.progress.hidden = !runs;
    if (job.total_steps > 0) this.progress.value = job.completed_steps / job.total_steps;
    else this.progress.removeAttribute("value");
    if (runs && this.#record) this.item.classList.add("has-preview");
  }

  showPreview({ media_type: type, data }) {
    const url = URL.createObjectURL(new Blob([Uint8Array.from(atob(data), byte => byte.charCodeAt(0))], { type }));
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.preview.src = this.#url = url;
    this.preview.hidden = false;
    this.item.classList.add("has-preview");
  }

  remove() {
    this.item.remove();
    if (this.#url) URL.revokeObjectURL(this.#url);
  }
}

function describe(job) {
  switch (job.state) {
    case "queued": return job.position > 0 ? `Waits, ${job.position} ahead` : "Starts next";
    case "running": return job.total_steps > 0 ? `Step ${job.completed_steps} of ${job.total_steps}` : "Starts";
    case "failed": return job.error?.message ?? "It failed.";
    default: return "Ready";
  }
}
