// Points in time as logs write them, in the local time zone, rendered at most once a second each.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A function that renders a time, given in milliseconds since the epoch; it keeps the last result, since most lines of one second share it. */
export type TimestampFormat = (milliseconds: number) => string;

/** For the access log: `[21/Nov/2026:01:38:09 +0000]`, as in the Common Log Format, between two texts. */
export function accessTimestamp(before: string, after: string): TimestampFormat {
  return oncePerSecond((time) => {
    const date = `${pad(time.getDate())}/${MONTHS[time.getMonth()] ?? ""}/${time.getFullYear()}`;
    return `${before}[${date}:${clock(time)} ${zone(time)}]${after}`;
  });
}

/** For the error log: `2026-11-21 01:38:09 +0000`, as gunicorn writes it. */
export function errorTimestamp(): TimestampFormat {
  return oncePerSecond(
    (time) => `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())} ${clock(time)} ${zone(time)}`,
  );
}

/** For JSON: `2026-11-21T01:38:09.` in UTC (ISO 8601) behind a text, to be followed by the milliseconds. */
export function isoTimestamp(before: string): TimestampFormat {
  return oncePerSecond((time) => before + time.toISOString().slice(0, 20));
}

function oncePerSecond(render: (time: Date) => string): TimestampFormat {
  let from = Number.NaN;
  let text = "";
  return (milliseconds) => {
    if (!(milliseconds >= from && milliseconds < from + 1000)) {
      from = Math.floor(milliseconds / 1000) * 1000;
      // Through bytes, because V8 keeps what was joined as a tree of its parts, which each line would walk through.
      text = Buffer.from(render(new Date(from))).toString();
    }
    return text;
  };
}

function clock(time: Date): string {
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(distance / 60))}${pad(distance % 60)}`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
