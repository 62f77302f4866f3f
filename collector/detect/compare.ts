/** Comparisons of numbers and of parts of dates. */

import type { CompareOperator, TimePart } from './expression.ts';

/** Longer texts are no numbers people write; they are not looked at, so a huge value costs nothing. */
const MAX_NUMBER_CHARS = 64;

/** The number a value stands for: numbers, and texts that are one. Integers past 2^53 stay exact. */
export function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  if (typeof value !== 'string' || value.length > MAX_NUMBER_CHARS) return undefined;
  const text = value.trim();
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) || !/^[+-]?\d+$/.test(text) ? number : BigInt(text.replace(/^\+/, ''));
}

export function compileCompare(
  operator: CompareOperator,
  limit: number | bigint,
): (value: unknown) => boolean {
  return (value) => {
    const number = numberOf(value);
    return number !== undefined && compare(number, operator, limit);
  };
}

export function compare(number: number | bigint, operator: CompareOperator, limit: number | bigint): boolean {
  switch (operator) {
    case 'lt':
      return number < limit;
    case 'lte':
      return number <= limit;
    case 'gt':
      return number > limit;
    case 'gte':
      return number >= limit;
    case 'eq':
      return sameNumber(number, limit);
    case 'neq':
      return !sameNumber(number, limit);
  }
}

/** 5n === 5 is false, though they are the same number; less and greater compare them by worth. */
export function sameNumber(one: number | bigint, other: number | bigint): boolean {
  return one >= other && one <= other;
}

export function compileTime(
  part: TimePart,
  operator: CompareOperator,
  limit: number | bigint,
): (value: unknown) => boolean {
  return (value) => {
    const number = timePart(value, part);
    return number !== undefined && compare(number, operator, limit);
  };
}

/**
 * A part of a date, taken as it is written: no time zone is applied (modifiers appendix, "Time Modifiers").
 * Numbers are Unix times in UTC, in seconds, or in milli-, micro- or nanoseconds when they are too large for that.
 */
export function timePart(value: unknown, part: TimePart): number | undefined {
  const fields = typeof value === 'string' ? writtenDate(value) : unixDate(value);
  if (!fields) return undefined;
  const [year, month, day, hour, minute] = fields;
  switch (part) {
    case 'year':
      return year;
    case 'month':
      return month;
    case 'day':
      return day;
    case 'hour':
      return hour;
    case 'minute':
      return minute;
    case 'week':
      return isoWeek(year, month, day);
  }
}

type DateFields = readonly [
  year: number,
  month: number,
  day: number,
  hour: number | undefined,
  minute: number | undefined,
];

function writtenDate(text: string): DateFields | undefined {
  const match = /^\s*(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2}))?/.exec(
    text.slice(0, MAX_NUMBER_CHARS),
  );
  if (!match) return undefined;
  const [, year, month, day, hour, minute] = match;
  const fields: DateFields = [
    Number(year),
    Number(month),
    Number(day),
    hour === undefined ? undefined : Number(hour),
    minute === undefined ? undefined : Number(minute),
  ];
  const isDate = fields[1] >= 1 && fields[1] <= 12 && fields[2] >= 1 && fields[2] <= 31;
  return isDate && (fields[3] ?? 0) <= 23 && (fields[4] ?? 0) <= 59 ? fields : undefined;
}

function unixDate(value: unknown): DateFields | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  let ms = Number(value);
  if (!Number.isFinite(ms)) return undefined;
  // 10^11 s is the year 5138; the same number of milliseconds is 1973.
  if (Math.abs(ms) < 1e11) ms *= 1e3;
  else if (Math.abs(ms) >= 1e17) ms /= 1e6;
  else if (Math.abs(ms) >= 1e14) ms /= 1e3;
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return undefined;
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
}

/** Week of the year by ISO 8601: weeks begin on Monday, week 1 holds the year's first Thursday. */
function isoWeek(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(year, month - 1, day));
  const weekday = (date.getUTCDay() + 6) % 7;
  const thursday = new Date(date.getTime() + (3 - weekday) * 86_400_000);
  const start = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday.getTime() - start) / (7 * 86_400_000));
}
