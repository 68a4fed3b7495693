/** The first element of some HTML that is written here, never of what somebody said. */
export function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** An element with these properties. */
export function made(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/** Let it be done; the sentence that says why it was not, or nothing. */
export async function post(path, wish) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    });
    return answer.ok ? await answer.text() : `This could not be done (${answer.status}).`;
  } catch {
    return "The demo does not answer any more.";
  }
}

const SHOWN_MS = 6000;

/** Show a sentence for a while above the platform's composer. */
export function toast(platform, sentence) {
  if (!sentence) return;
  const node = document.querySelector(`#${platform} .toast`);
  node.textContent = sentence;
  node.hidden = false;
  clearTimeout(node.timer);
  node.timer = setTimeout(() => { node.hidden = true; }, SHOWN_MS);
}
