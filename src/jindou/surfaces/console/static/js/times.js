// Moments in the viewer's own zone and language. The server writes them in UTC; `data-form` says how much to show.

const page = document.documentElement.lang;
const own = navigator.language;
// A viewer's regional habits count where they are of the page's language.
const locale = own.startsWith(page.slice(0, 2)) ? own : page;
const DAY = 86_400_000;

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DATE = { day: "numeric", month: "short" };

function format(at, options) {
  return new Intl.DateTimeFormat(locale, options).format(at);
}

function dated(at, now) {
  const today = at.toDateString() === now.toDateString();
  if (today) return format(at, CLOCK);
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return format(at, { ...DATE, ...CLOCK, ...year });
}

function left(at, now) {
  const hours = (at - now) / 3_600_000;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  if (hours >= 48) return relative.format(Math.round(hours / 24), "day");
  if (hours >= 1) return relative.format(Math.round(hours), "hour");
  return relative.format(Math.round(hours * 60), "minute");
}

const FORMS = {
  datetime: dated,
  time: (at) => format(at, CLOCK),
  date: (at) => format(at, { ...DATE, year: "numeric" }),
  short: (at, now) => (now - at < DAY && at.getDate() === now.getDate() ? format(at, CLOCK) : format(at, DATE)),
  exact: (at, now) =>
    at.toDateString() === now.toDateString()
      ? format(at, { ...CLOCK, second: "2-digit" })
      : format(at, { ...DATE, ...CLOCK, second: "2-digit" }),
  deadline: (at, now) => (at > now ? `${dated(at, now)} · ${left(at, now)}` : dated(at, now)),
};

export function written(iso, form = "datetime") {
  return FORMS[form](new Date(iso), new Date());
}

export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = written(element.dateTime, element.dataset.form || "datetime");
    element.title = format(at, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
  }
}

export function timeElement(iso, form = "datetime") {
  const element = document.createElement("time");
  element.dateTime = iso;
  element.dataset.form = form;
  element.textContent = written(iso, form);
  return element;
}
