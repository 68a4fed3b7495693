import { blocks } from "./markdown.js";
import { made, post } from "./elements.js";

// What was closed here, by platform, until its platform has heard of that.
const closed = new Map();

/** Show the form that the visitor has before them on a platform, or none. What they have typed stays. */
export function drawSheet(platform, sheet) {
  const pane = document.getElementById(platform);
  const veil = pane.querySelector(".veil");
  if (!sheet) {
    closed.delete(platform);
    veil?.remove();
  } else if (veil?.dataset.id === sheet.id) {
    for (const input of sheet.inputs) problem(veil, input);
  } else if (closed.get(platform) !== sheet.id) {
    veil?.remove();
    open(pane, platform, sheet);
  }
}

function open(pane, platform, sheet) {
  const title = made("h3", { textContent: sheet.title, id: `${platform}-sheet` });
  const words = made("div", { className: "text" });
  words.innerHTML = blocks(sheet.text);
  const refused = made("p", { className: "problem" });
  refused.setAttribute("role", "alert");
  const cancel = made("button", { type: "button", className: "plain", textContent: "Cancel" });
  const send = made("button", { textContent: sheet.submit, className: "primary" });
  const form = made("form", { className: "sheet", noValidate: true }, title, words,
    ...sheet.inputs.map(fieldNode), refused, made("div", { className: "row" }, cancel, send));
  const veil = made("div", { className: "veil" }, form);
  veil.dataset.id = sheet.id;
  veil.setAttribute("role", "dialog");
  veil.setAttribute("aria-labelledby", title.id);
  const dismiss = () => {
    closed.set(platform, sheet.id);
    veil.remove();
    post("/dismiss", { platform });
  };
  cancel.addEventListener("click", dismiss);
  veil.addEventListener("keydown", event => { if (event.key === "Escape") dismiss(); });
  form.addEventListener("submit", async event => {
    event.preventDefault();
    send.disabled = true;
    refused.textContent = await post("/submit", { platform, values: valuesOf(form) });
    send.disabled = false;
  });
  pane.append(veil);
  form.querySelector("[data-label]")?.focus();
}

function fieldNode(input) {
  const field = FIELDS[input.kind](input);
  field.dataset.label = input.label;
  const optional = input.required ? "" : " (optional)";
  const why = made("span", { className: "problem", textContent: input.problem });
  const label = made("label", { className: input.kind }, made("span", { textContent: input.label + optional }), field, why);
  label.dataset.field = input.label;
  return label;
}

const FIELDS = {
  text: input => made("input", { value: input.value, autocomplete: "off" }),
  number: input => made("input", { value: input.value, autocomplete: "off", inputMode: "decimal" }),
  paragraph: input => made("textarea", { value: input.value, rows: 4 }),
  check: input => made("input", { type: "checkbox", checked: input.value === "true" }),
  choice: input => {
    const none = input.required && input.value ? [] : [made("option", { value: "", textContent: "Choose …" })];
    const options = input.options.map(one => made("option", { value: one, textContent: one }));
    const select = made("select", {}, ...none, ...options);
    select.value = input.value;
    return select;
  },
};

function valuesOf(form) {
  const value = field => field.type === "checkbox" ? String(field.checked) : field.value;
  return Object.fromEntries([...form.querySelectorAll("[data-label]")].map(field => [field.dataset.label, value(field)]));
}

function problem(veil, input) {
  const label = [...veil.querySelectorAll("label")].find(one => one.dataset.field === input.label);
  label.querySelector(".problem").textContent = input.problem;
}
