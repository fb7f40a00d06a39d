// Numbers, money and times in the visitor's language. An event's times are shown in its own zone, with the zone's name.

const languages = accepted();

function accepted() {
  try { return Intl.getCanonicalLocales([...navigator.languages]); } catch { return ["en"]; }
}

/** Digits of the minor unit (ISO 4217); 2 for all others. Browsers use the digits usual in shops, which differ. */
const minorDigits = new Map([
  ...["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"].map((code) => [code, 0]),
  ...["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"].map((code) => [code, 3]),
  ...["CLF", "UYW"].map((code) => [code, 4]),
]);

const formats = new Map();
function cached(key, create) {
  if (!formats.has(key)) formats.set(key, create());
  return formats.get(key);
}

export const number = (value, options = {}) =>
  cached(`number ${JSON.stringify(options)}`, () => new Intl.NumberFormat(languages, options)).format(value);

/** "1 ticket", "2 tickets". */
export const count = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** An amount of minor units. */
export function money(amount, currency) {
  const digits = minorDigits.get(currency) ?? 2;
  const format = cached(`money ${currency}`, () => new Intl.NumberFormat(languages, {
    style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return format.format(amount / 10 ** digits);
}

/** An amount of minor units, or "Free" for zero. */
export const price = (amount, currency) => (amount === 0 ? "Free" : money(amount, currency));

/** The time left in minutes and seconds. */
export function timeLeft(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// Times.

export const long = { dateStyle: "full", timeStyle: "short" };
export const short = { dateStyle: "medium", timeStyle: "short" };

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

function dates(zone, style) {
  return cached(`dates ${zone} ${JSON.stringify(style)}`, () => {
    try {
      return new Intl.DateTimeFormat(languages, { ...style, timeZone: zone });
    } catch {
      // This browser does not know the zone yet.
      return new Intl.DateTimeFormat(languages, { ...style, timeZone: "UTC" });
    }
  });
}

/**
 * A zone's short name at a time: "CET", "EDT". A language has names only for its own part of the world, and "GMT+1" for
 * the rest, so English variants are tried, too.
 */
function zoneName(date, zone) {
  const isOffset = /^(GMT|UTC)[+-−]/u;
  const names = [languages, "en-GB", "en-US", "en-AU", "en-CA", "en-IN", "en-ZA"].map((locale) => {
    try {
      const format = cached(`zone ${zone} ${locale}`, () => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short" }));
      return format.formatToParts(date).find((part) => part.type === "timeZoneName").value;
    } catch {
      return "UTC";
    }
  });
  return names.find((name) => !isOffset.test(name)) ?? names[0];
}

const inZone = (date, zone, style) => `${dates(zone, style).format(date)} ${zoneName(date, zone)}`;

/** A time in an event's own zone: "Thursday, May 1, 2031 at 7:30 PM CEST". */
export const eventTime = (event, time, style = long) => inZone(new Date(time), event.timeZone, style);

/** An event's time in the visitor's zone, with the place's name; empty if the clock there shows the same. */
export function visitorTime(event, time, style = short) {
  const date = new Date(time);
  if (dates(event.timeZone, short).format(date) === dates(here, short).format(date)) return "";
  const place = here.split("/").at(-1).replaceAll("_", " ");
  return `${inZone(date, here, style)} (${place})`;
}

/** The date in an event's own zone, for a calendar leaf. */
export function calendarDay(event) {
  const part = (style) => dates(event.timeZone, style).format(new Date(event.startsAt));
  return { month: part({ month: "short" }), day: part({ day: "numeric" }), year: part({ year: "numeric" }) };
}

/** A time in the visitor's zone. */
export const when = (time, style = short) => inZone(new Date(time), here, style);

/** A time of today in the visitor's zone. */
export const clockTime = (time) => dates(here, { timeStyle: "medium" }).format(new Date(time));
