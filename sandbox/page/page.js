"use strict";

// Markdown as both platforms show it, near enough: everything is escaped first, then a few marks are turned
// into elements. Nothing from a message ever becomes markup by itself.
const escape = text => text.replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

function inline(text) {
  return escape(text)
    .replace(/`([^`\n]+)`/g, (_, code) => `<code>${code}</code>`)
    .replace(/\*\*([^*\n]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(^|[\s(])[_*]([^_*\s][^_*\n]*)[_*](?=$|[\s.,;:!?)])/g, "$1<em>$2</em>")
    .replace(/~~([^~\n]+)~~/g, "<s>$1</s>")
    .replace(/\[([^\]\n]+)\]\((?:&lt;)?(https?:[^\s)]+?)(?:&gt;)?\)/g, '<a href="$2" rel="noreferrer" target="_blank">$1</a>');
}

function blocks(text) {
  const out = [];
  const parts = text.split(/^(```[^\n]*\n(?:[\s\S]*?\n)?```[ \t]*$|```[^\n]*\n[\s\S]*(?![\s\S]))/m);
  for (const part of parts) {
    if (part.startsWith("```")) {
      out.push(`<pre><code>${escape(part.replace(/^```[^\n]*\n/, "").replace(/\n?```[ \t]*$/, ""))}</code></pre>`);
    } else {
      for (const block of part.split(/\n{2,}/)) if (block.trim()) out.push(paragraph(block.replace(/^\n+|\n+$/g, "")));
    }
  }
  return out.join("");
}

function paragraph(block) {
  const lines = block.split("\n");
  if (lines.every(line => /^\s*([-*•]|☐|☑) /.test(line))) return `<ul>${lines.map(l => `<li>${inline(l.replace(/^\s*[-*•] /, ""))}</li>`).join("")}</ul>`;
  if (lines.every(line => /^\s*\d+[.)] /.test(line))) return `<ol start="${parseInt(lines[0])}">${lines.map(l => `<li>${inline(l.replace(/^\s*\d+[.)] /, ""))}</li>`).join("")}</ol>`;
  if (lines.length > 1 && lines[0].startsWith("|") && /^[|\s:-]+$/.test(lines[1])) {
    const cells = line => line.replace(/^\||\|\s*$/g, "").split("|").map(cell => inline(cell.trim()));
    return `<table><tr>${cells(lines[0]).map(c => `<th>${c}</th>`).join("")}</tr>${lines.slice(2).map(l => `<tr>${cells(l).map(c => `<td>${c}</td>`).join("")}</tr>`).join("")}</table>`;
  }
  return `<p>${lines.map(line => {
    if (/^#{1,6} /.test(line)) return `<strong>${inline(line.replace(/^#+ /, ""))}</strong>`;
    if (line.startsWith("-# ")) return `<small>${inline(line.slice(3))}</small>`;
    return inline(line);
  }).join("<br>")}</p>`;
}

function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function saidNode() {
  return element('<article class="said"><div class="face"></div><div><span class="name"></span><span class="badge" hidden>APP</span><div class="text"></div><span class="edited" hidden>(edited)</span></div></article>');
}

function update(node, said) {
  node.classList.toggle("bot", said.bot);
  node.querySelector(".face").textContent = said.bot ? "✦" : "A";
  node.querySelector(".name").textContent = said.bot ? "Assistant" : "Ada";
  node.querySelector(".badge").hidden = !said.bot;
  node.querySelector(".edited").hidden = !said.edited;
  if (node.dataset.raw !== said.text) {
    node.dataset.raw = said.text;
    node.querySelector(".text").innerHTML = blocks(said.text);
  }
}

// Nodes are kept by id, so that a growing answer changes in place and a half-typed reply is never lost.
function sync(parent, list, create, apply, before = null) {
  const kept = new Map([...parent.children].filter(child => child.dataset.id).map(child => [child.dataset.id, child]));
  for (const item of list) {
    let node = kept.get(item.id);
    if (!node) { node = create(item); node.dataset.id = item.id; parent.insertBefore(node, before); }
    kept.delete(item.id);
    apply(node, item);
  }
  for (const node of kept.values()) node.remove();
}

function draw(platform, list) {
  const pane = document.getElementById(platform);
  const feed = pane.querySelector(".feed");
  const atEnd = feed.scrollHeight - feed.scrollTop - feed.clientHeight < 60;
  sync(feed, list, item => {
    const group = element('<div class="group"></div>');
    group.append(saidNode());
    return group;
  }, (group, item) => {
    update(group.firstElementChild, item);
    if (!item.replies.length) return;
    let thread = group.querySelector(".thread");
    if (!thread) {
      thread = element('<div class="thread"><div class="title"></div><form><input name="text" autocomplete="off" placeholder="Reply in thread"><button>Send</button></form></div>');
      thread.querySelector("form").addEventListener("submit", event => send(event, platform, item.replies[0].thread));
      group.append(thread);
    }
    thread.querySelector(".title").textContent = item.title || `${item.replies.length} ${item.replies.length === 1 ? "reply" : "replies"}`;
    sync(thread, item.replies, saidNode, update, thread.querySelector("form"));
  });
  if (atEnd) feed.scrollTop = feed.scrollHeight;
}

async function send(event, platform, thread) {
  event.preventDefault();
  const input = event.target.elements.text;
  const text = input.value;
  if (!text.trim() && thread) return;
  input.value = "";
  await fetch("/say", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ platform, text, thread }) });
}

for (const platform of ["slack", "discord"]) {
  document.querySelector(`#${platform} form.composer`).addEventListener("submit", event => send(event, platform, ""));
}

new EventSource("/view").onmessage = event => {
  const now = JSON.parse(event.data);
  draw("slack", now.slack);
  draw("discord", now.discord);
  const body = document.querySelector("#links tbody");
  body.replaceChildren(...now.links.map(link => {
    const row = document.createElement("tr");
    for (const text of [link.thread, link.conversation_id || "…"]) row.append(Object.assign(document.createElement("td"), { textContent: text }));
    return row;
  }));
  for (const cell of document.querySelectorAll("#calls dd")) cell.textContent = now.calls[cell.dataset.name];
};
