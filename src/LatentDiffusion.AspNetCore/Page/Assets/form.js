import { find } from "./dom.js";
import { models } from "./models.js";

const memory = "latent-diffusion-settings";
const form = find("form"), prompt = find("prompt");
const named = [...form.querySelectorAll("[name]")];

/** The settings that are not empty, by the names of the API. */
export function read() {
  return Object.fromEntries(named.map(input => [input.name, input.value.trim()]).filter(([, value]) => value !== ""));
}

/** Fills the form; settings that are not given become empty, except for model and strength. */
export async function write(settings) {
  writeTexts(settings);
  await choose(settings);
  remember();
}

function writeTexts(settings) {
  for (const input of named.filter(field => field.tagName !== "SELECT")) {
    const kept = { image_count: "1", strength: input.value };
    input.value = settings[input.name] ?? kept[input.name] ?? "";
  }
  showStrength();
}

async function choose({ model, scheduler_name: sampler = "" }) {
  const choice = find("model");
  choice.value = model ?? choice.value;
  // The model may have gone.
  if (choice.selectedIndex < 0) choice.selectedIndex = 0;
  await models.show();
  find("sampler").value = sampler;
  if (find("sampler").selectedIndex < 0) find("sampler").value = "";
}

/** Brings back the settings of the last visit; those that need the list of models when it is there. */
export function restore() {
  let settings = {};
  try {
    settings = JSON.parse(localStorage.getItem(memory)) ?? {};
  } catch {
    // Another program's, or damaged.
  }
  writeTexts(settings);
  return () => choose(settings);
}

export function remember() {
  localStorage.setItem(memory, JSON.stringify(read()));
}

export function reset() {
  const { prompt: text, negative_prompt: negative } = read();
  find("model").selectedIndex = 0;
  find("strength").value = "0.8";
  return write({ prompt: text, negative_prompt: negative });
}

export function setSize(width, height) {
  find("width").value = width ?? "";
  find("height").value = height ?? "";
  remember();
}

/** Shows why a job was refused, at its field if there is one. */
export function complain(problem) {
  const shown = find("problem");
  for (const input of named) input.removeAttribute("aria-invalid");
  shown.hidden = !problem;
  shown.textContent = problem?.message ?? "";
  if (!problem?.parameter) return;
  const name = problem.parameter.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  const field = named.find(input => input.name === name);
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  reveal(field);
  field.focus();
}

/** Opens the settings if a field is among them: a closed one cannot have the focus. */
function reveal(field) {
  const box = field.closest("details");
  if (box) box.open = true;
}

function showStrength() {
  find("strength-shown").value = Number(find("strength").value).toFixed(2);
}

export function start(submit) {
  form.addEventListener("submit", event => {
    event.preventDefault();
    submit();
  });
  find("settings-box").open = matchMedia("(min-width: 60rem)").matches;
  form.addEventListener("invalid", event => reveal(event.target), { capture: true });
  form.addEventListener("input", event => {
    event.target.removeAttribute("aria-invalid");
    showStrength();
    remember();
  });
  document.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    form.requestSubmit();
  });
  find("model").addEventListener("change", models.show);
  find("random-seed").addEventListener("click", () => {
    find("seed").value = "";
    remember();
    find("seed").focus();
  });
  find("reset").addEventListener("click", reset);
  for (const example of find("examples").children) {
    example.addEventListener("click", () => {
      prompt.value = example.textContent;
      form.requestSubmit();
    });
  }
}
