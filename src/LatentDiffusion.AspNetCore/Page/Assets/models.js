import { api } from "./api.js";
import { find } from "./dom.js";

const unknownModel = { size: 512, size_multiple: 8 };
const details = new Map();
let list, markReady;

/** Names and ranges, and what is known of the chosen model. */
export const models = {
  /** Resolves when the first model was shown, whether its defaults are known or not. */
  ready: new Promise(resolve => { markReady = resolve; }),

  async load() {
    list = await api.models();
    find("model").replaceChildren(...list.models.map(name => new Option(name, name)));
    setRanges();
    return list;
  },

  /** Shows the defaults of the chosen model; asking for them also makes a server load it. */
  async show() {
    const name = find("model").value;
    setDefaults({});
    if (!name) return markReady();
    if (!details.has(name)) details.set(name, await api.model(name).catch(() => ({})));
    if (find("model").value === name) setDefaults(details.get(name));
    markReady();
  },

  get current() {
    return { ...unknownModel, ...details.get(find("model").value) };
  },
};

function setRanges() {
  const ranges = Object.fromEntries(list.settings.map(setting => [setting.key, setting]));
  for (const input of document.querySelectorAll('#form input[type="number"]')) {
    const range = ranges[input.name];
    input.min = range.minimum ?? range.exclusive_minimum ?? "";
    input.max = range.maximum ?? "";
  }
}

function setDefaults(model) {
  const automatic = "auto";
  find("steps").placeholder = model.steps ?? automatic;
  find("guidance").placeholder = model.guidance_scale ?? automatic;
  for (const id of ["width", "height"]) {
    const input = find(id);
    input.placeholder = model.size ?? automatic;
    input.step = model.size_multiple ?? 1;
    input.min = model.size_multiple ?? 1;
  }
  const sampler = find("sampler"), chosen = sampler.value;
  const names = model.schedulers ?? list.schedulers;
  sampler.replaceChildren(new Option("Default of the model", ""), ...names.map(name => new Option(name, name)));
  sampler.value = names.includes(chosen) ? chosen : "";
}
