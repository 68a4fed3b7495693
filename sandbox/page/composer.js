import { element, post, toast } from "./elements.js";
import { svg } from "./icons.js";
import { canRecord, record } from "./recorder.js";

const LARGEST_FILE_BYTES = 5 * 1024 * 1024;
const LONGEST_RECORDING_MS = 60000;
const FORM = `<form>
  <input name="text" autocomplete="off">
  <span class="chosen" hidden><span></span><button type="button" class="quiet" aria-label="Do not attach it">✕</button></span>
  <label class="quiet" title="Attach a file"><input type="file" aria-label="Attach a file">${svg("clip")}</label>
  <button type="button" class="quiet voice" title="Say it: a voice message" aria-label="Record a voice message" hidden>${svg("voice")}</button>
  <button>Send</button>
</form>`;

/** A box to write in, to `thread`, or with nothing there to the bot in the channel. */
export function composer(platform, thread, placeholder) {
  const form = element(FORM);
  const text = form.elements.text;
  Object.assign(text, { placeholder, ariaLabel: `${placeholder} (${platform})` });
  const chosen = choosing(form, platform);
  const say = async (words, file, voice) => {
    toast(platform, await post("/say", { platform, thread, text: words, file: file && await carried(file, voice) }));
  };
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const [words, file] = [text.value, chosen.file()];
    if (!words.trim() && !file && thread) return;
    text.value = "";
    chosen.clear();
    await say(words, file, false);
  });
  if (canRecord) speaking(form.querySelector(".voice"), platform, file => say("", file, true));
  return form;
}

// The file to go with the next message, shown by its name, and to be taken away again.
function choosing(form, platform) {
  const input = form.querySelector("input[type=file]");
  const shown = form.querySelector(".chosen");
  const clear = () => { input.value = ""; shown.hidden = true; };
  input.addEventListener("change", () => {
    const file = input.files[0];
    if (file && (file.size > LARGEST_FILE_BYTES || !file.size)) {
      toast(platform, file.size ? "Here a file may have 5 MB at most." : "This file is empty.");
      clear();
    } else if (file) {
      shown.firstElementChild.textContent = file.name;
      shown.hidden = false;
    }
  });
  shown.querySelector("button").addEventListener("click", clear);
  return { file: () => input.files[0], clear };
}

// A press begins, the next one ends and sends.
function speaking(button, platform, send) {
  let end = null;
  button.hidden = false;
  const finish = async () => {
    const ending = end;
    end = null;
    clearTimeout(button.timer);
    button.classList.remove("recording");
    await send(await ending());
  };
  button.addEventListener("click", async () => {
    try {
      if (end) return await finish();
      end = await record();
      button.classList.add("recording");
      button.timer = setTimeout(finish, LONGEST_RECORDING_MS);
    } catch (error) {
      toast(platform, `Nothing was recorded: ${error.message}`);
    }
  });
}

function carried(file, voice) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("error", () => reject(reader.error));
    reader.addEventListener("load", () => {
      resolve({ name: file.name, type: file.type, voice, data: reader.result.split(",", 2)[1] });
    });
    reader.readAsDataURL(file);
  });
}
