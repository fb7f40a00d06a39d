// An event's availability as it changes: server-sent events with automatic reconnection.

/**
 * Listens to an event until the returned function is called.
 *
 * @param handlers.snapshot gets everything; `change` what changed; `connected` whether changes currently arrive.
 */
export function listen(event, { snapshot, change, connected }) {
  let source;
  let again;
  let ended = false;
  const open = () => {
    source = new EventSource(`/v1/events/${event}/stream`);
    source.addEventListener("open", () => connected(true));
    source.addEventListener("snapshot", (message) => snapshot(JSON.parse(message.data)));
    source.addEventListener("availability", (message) => change(JSON.parse(message.data)));
    source.addEventListener("error", () => {
      connected(false);
      // After a refusal (503) the browser does not reconnect by itself.
      if (source.readyState === EventSource.CLOSED && !ended) again = setTimeout(open, 2000);
    });
  };
  // A browser has six connections per server: a hidden page closes its own.
  const look = () => {
    clearTimeout(again);
    source.close();
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", look);
  open();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", look);
    clearTimeout(again);
    source.close();
  };
}
