/** Which plain texts a regular expression cannot match without: what the index looks for in its place. */

import { fold } from './pattern.ts';

/** Alternatives followed; an expression with more is looked at for every event that has the field. */
const MAX_ALTERNATIVES = 64;

/**
 * Texts (case folded) of which at least one stands, folded, in everything the expression matches; undefined when none
 * can be named. Conservative: what it does not know for certain breaks a text off.
 * @param source an expression that RE2 accepts
 */
export function requiredTexts(source: string, flags: string): readonly string[] | undefined {
  const reader = new Reader(source, flags.includes('i') || /\(\?[a-z]*i/.test(source));
  const texts = reader.alternation();
  return reader.isLost || reader.at < source.length ? undefined : texts?.map(fold);
}

type Texts = readonly string[] | undefined;

class Reader {
  at = 0;
  /** Set when something was met that this reader does not understand. */
  isLost = false;
  private readonly source: string;
  private readonly ignoresCase: boolean;

  constructor(source: string, ignoresCase: boolean) {
    this.source = source;
    this.ignoresCase = ignoresCase;
  }

  alternation(): Texts {
    let texts: Texts = this.sequence();
    while (!this.isLost && this.source[this.at] === '|') {
      this.at += 1;
      const other = this.sequence();
      texts =
        texts && other && texts.length + other.length <= MAX_ALTERNATIVES ? [...texts, ...other] : undefined;
    }
    return texts;
  }

  /** The best of what the parts of a sequence require. */
  private sequence(): Texts {
    let best: Texts;
    let run = '';
    const offer = (texts: Texts) => {
      if (texts && weight(texts) > weight(best)) best = texts;
    };
    const breakOff = () => {
      if (run !== '') offer([run]);
      run = '';
    };
    while (!this.isLost && this.at < this.source.length) {
      const char = this.source[this.at];
      if (char === '|' || char === ')') break;
      const part = this.part();
      const least = this.quantifier();
      if (least === 'once') {
        if (typeof part === 'string') run += part;
        else {
          breakOff();
          offer(part);
        }
      } else {
        // Repeated at least once: the part itself is required, what follows it need not be next to it.
        if (least === 'many' && typeof part === 'string') run += part;
        breakOff();
        if (least === 'many' && typeof part !== 'string') offer(part);
      }
    }
    breakOff();
    return best;
  }

  /** One unit: a character as text, or what a group requires, or undefined for anything else. */
  private part(): string | Texts {
    const char = this.take();
    switch (char) {
      case '(':
        return this.group();
      case '[':
        return this.skipClass();
      case '\\':
        return this.escape();
      case '.':
      case '^':
      case '$':
        return undefined;
      default:
        return this.known(char);
    }
  }

  /** The next character; whole, so that a quantifier behind it is about all of it. */
  private take(): string {
    const code = this.source.codePointAt(this.at);
    const char = code === undefined ? '' : String.fromCodePoint(code);
    this.at += char.length;
    return char;
  }

  /** Folding differs between engines for letters outside ASCII; those are not relied on. */
  private known(char: string): string | undefined {
    return this.ignoresCase && char.charCodeAt(0) > 127 ? undefined : char;
  }

  private group(): Texts {
    if (this.source[this.at] === '?') {
      const opening = /^\?(?:P?<\w+>|([a-zA-Z]*)(-[a-zA-Z]+)?([:)]))/.exec(this.source.slice(this.at));
      if (!opening) return this.lose();
      this.at += opening[0].length;
      if (opening[3] === ')') return undefined;
    }
    const texts = this.alternation();
    if (this.source[this.at] !== ')') return this.lose();
    this.at += 1;
    return texts;
  }

  private skipClass(): undefined {
    if (this.source[this.at] === '^') this.at += 1;
    if (this.source[this.at] === ']') this.at += 1;
    for (; this.at < this.source.length && this.source[this.at] !== ']'; this.at += 1) {
      if (this.source[this.at] === '\\') this.at += 1;
      else if (this.source.startsWith('[:', this.at)) {
        const end = this.source.indexOf(':]', this.at);
        if (end < 0) return this.lose();
        this.at = end + 1;
      }
    }
    this.at += 1;
    return undefined;
  }

  private escape(): string | undefined {
    const char = this.take();
    if (/[^\w]/.test(char)) return this.known(char);
    if (/[dDwWsSbBAzZ]/.test(char)) return undefined;
    const control = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' }[char];
    return control ?? this.lose();
  }

  /** What stands after a part: nothing (once), a repetition of at least one (many), or one that may be none. */
  private quantifier(): 'once' | 'many' | 'perhaps' {
    const match = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(this.source.slice(this.at, this.at + 24));
    if (!match) return 'once';
    this.at += match[0].length;
    return match[1] === '+' || Number(match[2] ?? 0) > 0 ? 'many' : 'perhaps';
  }

  private lose(): undefined {
    this.isLost = true;
    return undefined;
  }
}

/** Long texts and few of them are best. */
function weight(texts: Texts): number {
  if (!texts || texts.length === 0) return 0;
  return Math.min(...texts.map((text) => text.length)) - (texts.length - 1) * 0.1;
}
