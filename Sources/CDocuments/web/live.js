// What an event has left, as it changes: server-sent events, coming back by themselves.

/**
 * Listens to an event until the returned function is called.
 *
 * @param handlers.snapshot told everything; `change` what changed; `connected` whether news arrive at present.
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
      // A refusal (503) ends it for good, unless one asks again.
      if (source.readyState === EventSource.CLOSED && !ended) again = setTimeout(open, 2000);
    });
  };
  // A browser has six connections for a server, and nobody looks at a hidden page.
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
