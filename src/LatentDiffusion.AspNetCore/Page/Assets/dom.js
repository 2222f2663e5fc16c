export const find = id => document.getElementById(id);

/** Creates an element. Properties are set, attributes with a dash or of ARIA are written. */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) created.setAttribute(name, value);
    else created[name] = value;
  }
  created.append(...children);
  return created;
}

/** Tells users of screen readers what sighted ones see happen. */
export function announce(text) {
  find("announcement").textContent = text;
}
