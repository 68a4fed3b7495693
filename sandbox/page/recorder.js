// Every platform and every Dify takes a WAV; what browsers record differs.
const SAMPLES_PER_SECOND = 16000;
const HEADER_BYTES = 44;

export const canRecord = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

/** Begin to record; gives what ends it, and that gives the recording as a WAV file. */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener("dataavailable", event => parts.push(event.data));
  const ended = new Promise(resolve => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start();
  return async () => {
    if (recorder.state !== "inactive") recorder.stop();
    await ended;
    for (const track of stream.getTracks()) track.stop();
    const context = new OfflineAudioContext(1, 1, SAMPLES_PER_SECOND);
    const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
    return new File([wav(sound.getChannelData(0))], "voice-message.wav", { type: "audio/wav" });
  };
}

function wav(samples) {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + samples.length * 2));
  const text = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLES_PER_SECOND, true);
  view.setUint32(28, SAMPLES_PER_SECOND * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => view.setInt16(HEADER_BYTES + index * 2, Math.max(-1, Math.min(1, sample)) * 32767, true));
  return view.buffer;
}
