import { composer } from "./composer.js";
import { made, post, toast } from "./elements.js";
import { draw, follow } from "./messages.js";
import { drawSheet } from "./sheet.js";

const PLATFORMS = ["slack", "discord"];

for (const platform of PLATFORMS) {
  const form = composer(platform, "", "Message #general");
  form.className = "composer";
  form.prepend(made("span", { className: "to", textContent: "@Assistant" }));
  document.getElementById(platform).append(form);
  follow(platform);
}

for (const hint of document.querySelectorAll("#hints button")) {
  hint.addEventListener("click", () => {
    for (const platform of PLATFORMS) {
      post("/say", { platform, thread: "", text: hint.textContent }).then(why => toast(platform, why));
    }
  });
}

new EventSource("/view").onmessage = event => {
  const now = JSON.parse(event.data);
  for (const platform of PLATFORMS) {
    draw(platform, now[platform].said);
    drawSheet(platform, now[platform].sheet);
  }
  const cell = text => made("td", { textContent: text });
  const rows = now.links.map(link => made("tr", {}, cell(link.thread), cell(link.conversation_id || "…")));
  document.querySelector("#links tbody").replaceChildren(...rows);
  for (const count of document.querySelectorAll("#calls dd")) count.textContent = now.calls[count.dataset.name];
};
