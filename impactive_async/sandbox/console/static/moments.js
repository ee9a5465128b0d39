// Moments of the sandbox are shown in UTC, as its API prints them.

const DAY = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric",
});
const TIME = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", hour: "2-digit", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export const day = (text) => DAY.format(new Date(text));
export const moment = (text) => `${day(text)}, ${TIME.format(new Date(text))}`;
export const exact = (text) => EXACT.format(new Date(text));

export function distance(from, to) {
  const minutes = Math.round((new Date(to) - new Date(from)) / 60000);
  const size = Math.abs(minutes);
  const amount = size < 60 ? `${size} min` : size < 2880 ? `${Math.round(size / 60)} h` : `${Math.round(size / 1440)} days`;
  if (size === 0) return "now";
  return minutes > 0 ? `in ${amount}` : `${amount} ago`;
}
