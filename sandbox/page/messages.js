import { composer } from "./composer.js";
import { element, made, post, toast } from "./elements.js";
import { svg } from "./icons.js";
import { blocks } from "./markdown.js";

const SAID = `<article class="said">
  <div class="face" aria-hidden="true"></div>
  <div class="body"><span class="name"></span><span class="badge" hidden>APP</span>
    <div class="text"></div><span class="edited" hidden>(edited)</span><div class="files"></div><div class="buttons"></div>
    <div class="only" hidden>${svg("eye")} Only visible to you</div></div>
</article>`;
const NEAR_THE_END_PX = 60;

/** Show what is said on a platform. */
export function draw(platform, list) {
  const feed = document.querySelector(`#${platform} .feed`);
  sync(feed, list, () => begun(feed), (group, item) => {
    update(platform, group.firstElementChild, item);
    const thread = group.querySelector(".thread") ?? (item.replies.length ? grown(platform, group, item) : null);
    if (!thread) return;
    thread.querySelector(".title").textContent =
      item.title || `${item.replies.length} ${item.replies.length === 1 ? "reply" : "replies"}`;
    sync(thread, item.replies, () => element(SAID), (node, said) => update(platform, node, said), thread.querySelector("form"));
  });
}

/** Keep to the end of a platform's channel, whatever grows there, unless somebody looks at what is above. */
export function follow(platform) {
  const feed = document.querySelector(`#${platform} .feed`);
  let following = true;
  feed.addEventListener("scroll", () => {
    following = feed.scrollHeight - feed.scrollTop - feed.clientHeight < NEAR_THE_END_PX;
  });
  feed.growing = new ResizeObserver(() => { if (following) feed.scrollTop = feed.scrollHeight; });
  feed.growing.observe(feed);
}

function begun(feed) {
  const group = made("div", { className: "group" }, element(SAID));
  feed.growing.observe(group);
  return group;
}

function grown(platform, group, item) {
  const form = composer(platform, item.replies[0].thread, "Reply in thread");
  const thread = made("div", { className: "thread" }, made("div", { className: "title" }), form);
  group.append(thread);
  return thread;
}

// Nodes are kept by id, so that a growing answer changes in place and a half-typed reply is never lost.
function sync(parent, list, create, apply, before = null) {
  const kept = new Map([...parent.children].filter(child => child.dataset.id).map(child => [child.dataset.id, child]));
  for (const item of list) {
    let node = kept.get(item.id);
    if (!node) {
      node = create();
      node.dataset.id = item.id;
      parent.insertBefore(node, before);
    }
    kept.delete(item.id);
    apply(node, item);
  }
  for (const node of kept.values()) node.remove();
}

function update(platform, node, said) {
  node.classList.toggle("bot", said.bot);
  node.classList.toggle("private", said.private);
  node.querySelector(".face").textContent = said.bot ? "✦" : "A";
  node.querySelector(".name").textContent = said.bot ? "Assistant" : "Ada";
  node.querySelector(".badge").hidden = !said.bot;
  node.querySelector(".edited").hidden = !said.edited || !said.text;
  node.querySelector(".only").hidden = !said.private;
  changed(node.querySelector(".text"), said.text, part => { part.innerHTML = blocks(said.text); });
  changed(node.querySelector(".files"), said.files, part => part.replaceChildren(...said.files.map(fileNode)));
  changed(node.querySelector(".buttons"), said.buttons, part => {
    part.replaceChildren(...said.buttons.map(one => buttonNode(platform, said.id, one)));
  });
}

// What is as it was stays untouched: somebody may be about to press it, or listen to it.
function changed(node, value, apply) {
  const now = JSON.stringify(value);
  if (node.dataset.shown === now) return;
  node.dataset.shown = now;
  apply(node);
}

function fileNode(file) {
  if (file.shown === "image") {
    const image = made("img", { src: file.url, alt: file.name, loading: "lazy" });
    return made("a", { href: file.url, target: "_blank", title: file.name }, image);
  }
  const name = made("span", { className: "file-name", textContent: file.name });
  if (file.shown === "audio") {
    return made("div", { className: "sound" }, name, made("audio", { src: file.url, controls: true, preload: "metadata" }));
  }
  const size = made("small", { textContent: sizeOf(file.size) });
  return made("a", { className: "card", href: file.url, download: file.name }, element(svg("file")), name, size);
}

const sizeOf = bytes => bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;

function buttonNode(platform, message, one) {
  const button = made("button", { type: "button", className: one.style, textContent: one.label });
  if (one.icon) button.prepend(element(svg(one.icon)), " ");
  button.addEventListener("click", async () => {
    button.disabled = true;
    toast(platform, await post("/press", { platform, message, name: one.name }));
    button.disabled = false;
  });
  return button;
}
