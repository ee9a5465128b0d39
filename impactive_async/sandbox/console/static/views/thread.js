// The mails of one person, oldest first, and a form to write back as them.

import { act, get } from "../control.js";
import { h, refill, shown } from "../dom.js";
import { moment } from "../moments.js";

export function openThread(place, id) {
  const head = h("div");
  const mails = h("ol", { class: "mails" });
  refill(place, [h("a", { class: "back", href: "#/people" }, "← All people"), head, mails, form(id)]);
  const found = () => get(`threads/${encodeURIComponent(id)}`);
  const refreshHead = shown(head, async () => {
    const { contact, enrollments } = await found();
    return { contact, enrollments };
  }, about);
  const refreshMails = shown(mails, async () => (await found()).mails, (all) => all.map(mail));
  return async () => {
    try {
      await Promise.all([refreshHead(), refreshMails()]);
    } catch (error) {
      refill(place, h("p", {}, `${error.message}.`), h("a", { href: "#/people" }, "← All people"));
    }
  };
}

function about({ contact, enrollments }) {
  return [
    h("h2", { class: "wrap" }, contact.name),
    h("p", { class: "quiet wrap" }, `${contact.email ?? "no address"} · ${contact.id}`),
    h("ul", { class: "chips" }, enrollments.map((one) =>
      h("li", { class: `chip ${one.status}` }, `${one.sequence}: ${one.status}`))),
  ];
}

function mail(one) {
  const incoming = one.direction === "in";
  return h("li", { class: incoming ? "mail in" : "mail out" },
    h("p", { class: "row" }, h("strong", { class: "wrap" }, one.subject), h("span", { class: "quiet" }, moment(one.at))),
    h("p", { class: "quiet wrap" }, incoming ? `from ${one.from}` : `from ${one.from} to ${one.to.join(", ")}`),
    h("p", { class: "body wrap" }, one.body));
}

function form(id) {
  const subject = h("input", { id: "subject", name: "subject", value: "Re: Hello", autocomplete: "off" });
  const body = h("textarea", { id: "body", name: "body", rows: 4, required: true });
  const send = async (event) => {
    event.preventDefault();
    const made = await act("POST", "replies", { contact_id: id, subject: subject.value, body: body.value }, "The answer has come in.");
    if (made) body.value = "";
  };
  return h("form", { class: "answer", onsubmit: send },
    h("h3", {}, "Answer as this person"),
    h("label", { for: "subject" }, "Subject"), subject,
    h("label", { for: "body" }, "What they write"), body,
    h("button", { type: "submit", class: "primary" }, "Send"));
}
