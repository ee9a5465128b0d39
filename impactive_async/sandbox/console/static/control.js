// Calls of the control API. Paths are relative to the page, which stands beside the API.

import { notice } from "./dom.js";

const TOKEN = "sandbox-token";

function headers(more = {}) {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { ...more, "x-sandbox-token": token } : more;
}

// Asks for the token, until the question is declined. False: there is none.
let declined = false;
function askForToken(refused) {
  if (declined) return false;
  if (sessionStorage.getItem(TOKEN) !== refused) return true; // another call has asked meanwhile
  const given = window.prompt("This sandbox was started with --token. Its word:");
  declined = !given;
  if (given) sessionStorage.setItem(TOKEN, given);
  return Boolean(given);
}

async function send(method, path, body, signal) {
  const token = sessionStorage.getItem(TOKEN);
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(path || ".", { method, headers: headers(json), body: text, signal });
  if (answer.status === 401 && askForToken(token)) return send(method, path, body, signal);
  if (answer.status === 401) throw new Error("it needs its token; reload this page to give it");
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `status ${answer.status}`);
  return answer;
}

export async function get(path, query = {}) {
  const wanted = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined);
  const answer = await send("GET", wanted.length ? `${path}?${new URLSearchParams(wanted)}` : path);
  return answer.json();
}

export async function raw(path) {
  return (await send("GET", path)).text();
}

// Changes something, and says that it happened or why it did not.
export async function act(method, path, body, done) {
  try {
    const answer = await send(method, path, body);
    notice(done);
    document.dispatchEvent(new Event("changed"));
    return answer.status === 204 ? null : await answer.json();
  } catch (error) {
    notice(`That did not work: ${error.message}`, true);
    return undefined;
  }
}

// Calls `each` with every request as it arrives and as it is answered, until the signal is given.
export async function follow(each, signal) {
  while (!signal.aborted) {
    try {
      const answer = await send("GET", "requests/events", undefined, signal);
      let rest = "";
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) if (line.startsWith("data: ")) each(JSON.parse(line.slice(6)));
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
