// Markdown as both platforms show it, near enough: everything is escaped first, then a few marks are turned
// into elements. Nothing from a message ever becomes markup by itself.
const escape = text => text.replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** The HTML of a text. */
export function blocks(text) {
  const parts = text.split(/^(```[^\n]*\n(?:[\s\S]*?\n)?```[ \t]*$|```[^\n]*\n[\s\S]*(?![\s\S]))/m);
  return parts.map(part => part.startsWith("```") ? code(part) : part.split(/\n{2,}/).map(lines).join("")).join("");
}

function code(part) {
  return `<pre><code>${escape(part.replace(/^```[^\n]*\n/, "").replace(/\n?```[ \t]*$/, ""))}</code></pre>`;
}

const KINDS = [
  ["quote", /^> ?/],
  ["list", /^\s*([-*•]|☐|☑) /],
  ["numbers", /^\s*\d+[.)] /],
  ["table", /^\|/],
  ["small", /^-# /],
  ["heading", /^#{1,6} /],
];

// Lines of one kind that follow each other belong together.
function lines(block) {
  const groups = [];
  for (const line of block.split("\n").filter(one => one.trim())) {
    const kind = KINDS.find(([, mark]) => mark.test(line))?.[0] ?? "words";
    if (groups.at(-1)?.kind === kind) groups.at(-1).lines.push(line);
    else groups.push({ kind, lines: [line] });
  }
  return groups.map(group => SHOWN[group.kind](group.lines)).join("");
}

const items = (all, mark) => all.map(line => `<li>${inline(line.replace(mark, ""))}</li>`).join("");

const SHOWN = {
  quote: all => `<blockquote>${all.map(line => inline(line.replace(/^> ?/, ""))).join("<br>")}</blockquote>`,
  list: all => `<ul>${items(all, /^\s*[-*•] /)}</ul>`,
  numbers: all => `<ol start="${parseInt(all[0])}">${items(all, /^\s*\d+[.)] /)}</ol>`,
  table,
  small: all => all.map(line => `<p class="small">${inline(line.slice(3))}</p>`).join(""),
  heading: all => all.map(line => `<h3>${inline(line.replace(/^#+ /, ""))}</h3>`).join(""),
  words: all => `<p>${all.map(inline).join("<br>")}</p>`,
};

function table(all) {
  if (all.length < 2 || !/^[|\s:-]+$/.test(all[1])) return SHOWN.words(all);
  const row = (line, cell) =>
    `<tr>${line.replace(/^\||\|\s*$/g, "").split("|").map(one => `<${cell}>${inline(one.trim())}</${cell}>`).join("")}</tr>`;
  return `<div class="wide"><table>${row(all[0], "th")}${all.slice(2).map(line => row(line, "td")).join("")}</table></div>`;
}

function inline(text) {
  return escape(text)
    .replace(/`([^`\n]+)`/g, (_, code) => `<code>${code}</code>`)
    .replace(/\*\*([^*\n]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(^|[\s(])[_*]([^_*\s][^_*\n]*)[_*](?=$|[\s.,;:!?)])/g, "$1<em>$2</em>")
    .replace(/~~([^~\n]+)~~/g, "<s>$1</s>")
    .replace(/\[([^\]\n]+)\]\((?:&lt;)?(https?:[^\s)]+?)(?:&gt;)?\)/g, '<a href="$2" rel="noreferrer" target="_blank">$1</a>');
}
