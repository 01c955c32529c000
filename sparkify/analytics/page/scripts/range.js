// The figures of a range of days, from the plays of each day and hour.

const DAY = 86400000;  // ms

/** The days from one to another, both included, as text. */
function daysBetween(from, to) {
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

/** What a key column of an answer has for the plays of a day and an hour. */
const KEYS = {
  weekday: day => data.weekdays[new Date(day).getUTCDay()],
  year: day => Number(day.slice(0, 4)),
  month: day => Number(day.slice(5, 7)),
  hour: (day, hour) => hour,
};

/** Adds up plays and days by the key columns: a map of each key to [plays, days]. */
function addedUp(names, days) {
  const sums = new Map();
  const hours = names.includes("hour") ? [...Array(24).keys()] : [null];
  for (const day of days) {
    const plays = data.hours[day] ?? Array(24).fill(0);
    for (const hour of hours) {
      const key = names.map(name => KEYS[name](day, hour)).join("|");
      const [sum, number] = sums.get(key) ?? [0, 0];
      const more = hour === null ? plays.reduce((one, other) => one + other, 0) : plays[hour];
      sums.set(key, [sum + more, number + 1]);
    }
  }
  return sums;
}

/** Leaves out rows without anything at both ends, as the answers of a range do. */
function trimmed(rows, amount) {
  const some = row => row[amount] > 0;
  const first = rows.findIndex(some);
  return first < 0 ? [] : rows.slice(first, rows.findLastIndex(some) + 1);
}

/** The rows of an answer for the days from one to another. */
function rowsOfRange(answer, from, to) {
  if (from === data.first && to === data.last) return answer.rows;
  if (answer.columns[0] === "day") {
    return trimmed(answer.rows.filter(([day]) => from <= day && day <= to), 1);
  }
  const amount = answer.columns.indexOf("plays");
  const sums = addedUp(answer.columns.slice(0, amount), daysBetween(from, to));
  const rows = answer.rows.map(row => {
    const key = row.slice(0, amount);
    const [plays, days] = sums.get(key.join("|")) ?? [0, 0];
    const average = days ? plays / days : null;
    return [...key, plays, ...(answer.columns.length > amount + 1 ? [average] : [])];
  });
  return answer.columns.includes("month") ? trimmed(rows, amount) : rows;
}
