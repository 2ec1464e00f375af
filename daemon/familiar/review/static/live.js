// What others change is shown within two seconds. A hidden window does not listen: browsers allow few connections.

const at = document.body.dataset.at;
let source = null;

/** Call a function whenever the store has changed, and when the window is shown again. */
export function onChange(call) {
  const open = () => {
    source = new EventSource(`${at}/live`);
    source.addEventListener("changed", call);
  };
  document.addEventListener("visibilitychange", () => {
    source?.close();
    source = null;
    if (document.hidden) return;
    open();
    call();
  });
  addEventListener("pagehide", () => source?.close());
  if (!document.hidden) open();
}
