// What others change is shown within two seconds. A hidden window does not listen: browsers allow few connections.

const at = document.body.dataset.at;
const calls = [];
let source = null;

function tell() {
  for (const call of calls) call();
}

function open() {
  source = new EventSource(`${at}/live`);
  source.addEventListener("changed", tell);
}

/** Call a function whenever the store has changed, and when the window is shown again. */
export function onChange(call) {
  calls.push(call);
}

document.addEventListener("visibilitychange", () => {
  source?.close();
  source = null;
  if (document.hidden) return;
  open();
  tell();
});
addEventListener("pagehide", () => source?.close());
if (!document.hidden) open();
