import { find } from "./dom.js";

let asked = null;

/** Shows the dialog for the API key, once for all who ask, and resolves with the key. */
export function askForKey(wrong) {
  asked ??= show(wrong).finally(() => { asked = null; });
  return asked;
}

function show(wrong) {
  const dialog = find("key"), value = find("key-value");
  find("key-wrong").hidden = !wrong;
  value.value = "";
  dialog.showModal();
  value.focus();
  return new Promise(resolve => {
    // There is nothing to see without a key.
    dialog.oncancel = event => event.preventDefault();
    find("key-form").onsubmit = event => {
      event.preventDefault();
      dialog.close();
      resolve(value.value.trim());
    };
  });
}
