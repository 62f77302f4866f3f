/** spoor rules test: runs the tests that lie beside rules. */

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Refusal } from '../../detect/refusal.ts';
import { createRuleTester, type RuleTestResult, ruleFileOf } from '../../detect/rule-test.ts';
import { type RuleTest, readRuleTests } from '../../detect/rule-test-file.ts';
import { recordedEvents } from '../../recorded.ts';
import { BadInput, loadRules, readText } from './input.ts';
import { say, sayJson, warn } from './say.ts';

export interface TestOptions {
  readonly paths: readonly string[];
  readonly vars?: string;
  readonly junit?: string;
  readonly json?: true;
}

/** @returns 0 when all passed, 1 when one failed, 2 when a rule or test cannot be read */
export function test(options: TestOptions): number {
  const rules = loadRules(options.paths, options.vars);
  for (const refusal of rules.refusals) warn(refusal);
  const tests = options.paths.flatMap(testFilesAt).flatMap((file) => readTests(file));
  const tester = createRuleTester(recordedEvents);
  const results = tests.map((one) => ({ ...tester.run(one, rules) }));
  const failed = results.filter(({ passed }) => !passed);
  if (options.json) for (const result of results) sayJson(jsonOf(result));
  else for (const line of textOf(results, rules.detections.length + rules.correlations.length)) say(line);
  if (options.junit !== undefined) writeJunit(options.junit, junitOf(results, rules.refusals));
  if (rules.refusals.length > 0) return 2;
  if (results.length === 0) throw new BadInput(`${options.paths.join(', ')}: no tests (*.test.yml) there`);
  return failed.length > 0 ? 1 : 0;
}

/** Test files at a path: the path itself, the one beside a rule file, or all below a folder. */
export function testFilesAt(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) throw new BadInput(`${path}: no such file or folder`);
  if (!isFolder) {
    if (/\.test\.ya?ml$/.test(path)) return [path];
    const beside = path.replace(/\.(ya?ml)$/, '.test.$1');
    return statSync(beside, { throwIfNoEntry: false }) ? [beside] : [];
  }
  const near = relative(process.cwd(), path);
  const folder = near.startsWith('..') ? path : near;
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.test\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** @throws BadInput */
export function readTests(file: string): RuleTest[] {
  try {
    return readRuleTests(file, readText(file));
  } catch (error) {
    if (error instanceof Refusal) throw new BadInput(String(error));
    throw error;
  }
}

function textOf(results: readonly RuleTestResult[], rules: number): string[] {
  const lines: string[] = [];
  for (const { test: one, passed, differences } of results) {
    if (passed) continue;
    lines.push(`failed  ${one.file}:${one.at.line}: ${one.name}`);
    for (const difference of differences) lines.push(`          ${difference}`);
  }
  const failed = results.filter(({ passed }) => !passed).length;
  const files = new Set(results.map((result) => ruleFileOf(result.test.file))).size;
  lines.push(
    `${results.length - failed} of ${results.length} tests passed, of ${files} rule files (${rules} rules loaded)`,
  );
  return lines;
}

function jsonOf({ test: one, passed, differences }: RuleTestResult) {
  return { file: one.file, line: one.at.line, name: one.name, passed, differences };
}

/** @throws BadInput */
function writeJunit(file: string, xml: string): void {
  try {
    writeFileSync(file, xml);
  } catch (error) {
    throw new BadInput(`${file}: the results cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** JUnit's XML, as CI servers read it. A rule that was refused is an error: no test of it could be run. */
function junitOf(results: readonly RuleTestResult[], refusals: readonly Refusal[]): string {
  const failures = results.filter(({ passed }) => !passed).length;
  const refused = refusals.map((refusal) =>
    caseOf(refusal.file, `line ${refusal.place.line} is refused`, 'error', [refusal.message]),
  );
  const tested = results.map(({ test: one, passed, differences }) =>
    caseOf(one.file, one.name, 'failure', passed ? [] : differences),
  );
  const counts = `tests="${refused.length + tested.length}" failures="${failures}" errors="${refused.length}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="rules" ${counts}>\n${[...refused, ...tested].join('\n')}\n</testsuite>\n`;
}

function caseOf(file: string, name: string, outcome: 'error' | 'failure', said: readonly string[]): string {
  const open = `  <testcase classname="${escapeXml(file)}" name="${escapeXml(name)}"`;
  const [first] = said;
  if (first === undefined) return `${open}/>`;
  return `${open}>\n    <${outcome} message="${escapeXml(first)}">${escapeXml(said.join('\n'))}</${outcome}>\n  </testcase>`;
}

function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write these characters.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
  );
}
