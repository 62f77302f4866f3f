/**
 * Knows an AI agent when it sees one start.
 *
 * Asked at every exec outside a session, in the order of the ring; answers before the next event is looked at. Most
 * execs are refused by hash tables alone. The file system is asked only for what could be an agent, and the
 * environment only for what could be one or was started by an agent's application.
 */

import { posix } from 'node:path';
import { LRUCache } from 'lru-cache';
import { reconsider } from './behaviour.ts';
import type { Agent, Catalogue } from './catalogue.ts';
import { createEnvironmentMarks, type HeldMark } from './environment.ts';
import { bandOf, type Evidence, type EvidenceKind, evidence, scoreOf } from './evidence.ts';
import { createFileMemory } from './file-memory.ts';
import { type Interpreted, interpreted, interpreterFamily } from './interpreter.ts';
import { createMatcher, type PathHit } from './matcher.ts';
import { createPackageOwners, type PackageOwner } from './package-owner.ts';
import type { ProcessFiles } from './process-files.ts';
import { type Behaviour, type ExecFacts, type Recognition, verdictOf } from './recognition.ts';
import { unsafeArguments, unsafeSettings } from './unsafe-switches.ts';

/** Executables known by device, inode and change time. 400 B each; past it the longest unused is looked up again. */
const MAX_KNOWN_FILES = 4_096;

/** Existence of state folders, remembered for a moment: an agent that starts 50 helpers asks 50 times. */
const MAX_FOLDERS = 2_048;
const FOLDER_MS = 2_000;

export interface Recogniser {
  /**
   * Which agent this exec starts. Undefined when nothing speaks for any.
   * Never throws for what an exec contains; what cannot be read counts as absent.
   */
  recognise(exec: ExecFacts): Recognition | undefined;
  /**
   * The same answer after the process talked to a host: a candidate may become an agent by it, and an unknown program
   * a candidate. Undefined when it changes nothing.
   */
  reconsider(exec: ExecFacts, before: Recognition | undefined, behaviour: Behaviour): Recognition | undefined;
  /**
   * What the environment says of who the process acts for, whoever started it: for the hand-over through a daemon
   * (tmux, at, a container's shim). Self-reported; the first is the one to name.
   */
  marksOf(pid: number): readonly {
    readonly agent: string;
    readonly shown: string;
    readonly identifiers: Readonly<Record<string, string>>;
  }[];
}

export interface RecogniserNeeds {
  readonly catalogue: Catalogue;
  /** The file system as a process sees it. */
  readonly files: (pid: number, mountNamespace?: number) => ProcessFiles;
  readonly nowMs?: () => number;
}

/** What speaks for one agent in one exec. */
interface Candidate {
  readonly agent: Agent;
  readonly evidence: Evidence[];
  version: string | undefined;
  owner: PackageOwner | undefined;
  isApp: boolean;
}

/** Where a program really lies, and whose it is. */
interface Origin {
  readonly path: string | undefined;
  readonly owner: PackageOwner | undefined;
}

/** The program of an exec: the executable, or what an interpreter runs. */
interface Program {
  readonly interpreted: Interpreted | undefined;
  /** Path of executable or script; undefined for a Python module. */
  readonly path: string | undefined;
  /** The program's own arguments. */
  readonly args: readonly string[];
}

export function createRecogniser({ catalogue, files, nowMs = Date.now }: RecogniserNeeds): Recogniser {
  const matcher = createMatcher(catalogue);
  const owners = createPackageOwners(nowMs);
  const marks = createEnvironmentMarks(catalogue);
  const origins = createFileMemory<Origin>(nowMs);
  const knownFiles = new LRUCache<string, Recognition>({ max: MAX_KNOWN_FILES });
  const folders = new LRUCache<string, { exists: boolean; atMs: number }>({ max: MAX_FOLDERS });

  function recognise(exec: ExecFacts): Recognition | undefined {
    const fileName = baseName(exec.executable);
    const family = interpreterFamily(fileName);
    const run = family && interpreted(family, exec.args);
    if (!family) {
      const known = recall(exec);
      if (known) return known;
    }
    const candidates = new Map<Agent, Candidate>();
    const path = withoutSandboxRoot(exec.executable);
    takePaths(candidates, matcher.byPath(path));
    const program: Program = {
      interpreted: run,
      path: run ? (run.kind === 'script' ? absolute(run.value, exec.workingDirectory) : undefined) : path,
      args: exec.args.slice(run ? run.index + 1 : 1),
    };
    takeNames(candidates, exec, program, fileName, family !== undefined);
    const askNode = run?.kind === 'script' && family !== 'python';
    if (candidates.size === 0 && !askNode && !exec.startedByApp && (family || !matcher.namesPackage(path)))
      return undefined;

    const own = files(exec.pid, exec.mountNamespace);
    if (candidates.size > 0 || run || matcher.namesPackage(path))
      takePackages(candidates, own, exec, program, path);
    takeFolders(candidates, own, exec.home);
    takeEnvironment(candidates, own, exec);
    const best = bestOf(candidates);
    if (!best) return undefined;
    const recognition = answer(best, exec, program, own);
    if (!family && exec.executableFile && recognition?.verdict === 'agent' && isOfFile(best))
      remember(exec, recognition);
    return recognition;
  }

  /** Paths and what they are worth. */
  function takePaths(candidates: Map<Agent, Candidate>, hits: readonly PathHit[]): void {
    for (const hit of hits) {
      const candidate = candidateOf(candidates, hit.agent);
      if (hit.strength === 'appPaths') {
        candidate.isApp = true;
        continue;
      }
      candidate.evidence.push(evidence(hit.strength === 'paths' ? 'path' : 'weak_path', hit.source));
      candidate.version ??= hit.version;
    }
  }

  /** What the exec itself says: names, module, verbs, arguments. */
  function takeNames(
    candidates: Map<Agent, Candidate>,
    exec: ExecFacts,
    program: Program,
    fileName: string,
    isInterpreter: boolean,
  ): void {
    const { interpreted: run, path, args } = program;
    if (path !== undefined && (run || !isInterpreter)) {
      const name = run ? baseName(path) : fileName;
      if (run) takePaths(candidates, matcher.byPath(withoutSandboxRoot(path)));
      for (const { agent, isWeak } of matcher.byCommand(name))
        candidateOf(candidates, agent).evidence.push(evidence(isWeak ? 'weak_command' : 'command', name));
      for (const called of [baseName(exec.calledPath), baseName(exec.args[0] ?? '')])
        if (called !== name && !run)
          for (const { agent } of matcher.byCommand(called))
            candidateOf(candidates, agent).evidence.push(evidence('called_name', called));
    }
    if (run?.kind === 'module')
      for (const agent of matcher.byModule(run.value))
        candidateOf(candidates, agent).evidence.push(evidence('module', run.value));
    if (candidates.size > 0) {
      const verb = args.find((arg) => !arg.startsWith('-'));
      if (verb !== undefined)
        for (const candidate of candidates.values())
          if (candidate.agent.verbs.includes(verb)) candidate.evidence.push(evidence('verb', verb));
    }
    if (run || candidates.size > 0)
      for (const { agent, argument } of matcher.byArguments(run ? [run.value, ...args] : args)) {
        const isNew = !candidates.has(agent);
        // Alone, an argument names only code that makes or serves agents; to a compiler, x.gguf is a file.
        if (isNew && agent.kind !== 'mcp' && !(agent.kind === 'framework' && argument === run?.value))
          continue;
        candidateOf(candidates, agent).evidence.push(evidence('argument', argument));
      }
  }

  function takePackages(
    candidates: Map<Agent, Candidate>,
    own: ProcessFiles,
    exec: ExecFacts,
    program: Program,
    executable: string,
  ): void {
    const { interpreted: run } = program;
    // A module is found from its interpreter, as it was called: that tells the environment.
    const asked = program.path ?? absolute(exec.args[0] ?? exec.calledPath, exec.workingDirectory);
    const question = `${run?.kind ?? 'program'} ${run?.kind === 'module' ? run.value : ''} ${[...candidates.keys()].map(({ id }) => id).join(' ')}`;
    const { path, owner } = origins.ask(
      own,
      asked,
      question,
      () => {
        const real = program.path === undefined ? undefined : run ? own.realPath(program.path) : executable;
        return { path: real, owner: ownerOf(own, exec, run, program.path, real, candidates) };
      },
      (origin) =>
        origin.owner && matcher.byPackage(origin.owner.id).length > 0
          ? [`${origin.owner.root}/package.json`]
          : [],
    );
    if (run && path !== undefined && path !== program.path) takePaths(candidates, matcher.byPath(path));
    if (!owner) return;
    const agents = matcher.byPackage(owner.id);
    for (const agent of agents) {
      const candidate = candidateOf(candidates, agent);
      const isEntry =
        owner.role === 'entry' || (path !== undefined && agent.commands.includes(baseName(path)));
      candidate.evidence.push(evidence(isEntry ? 'package_entry' : 'package_member', owner.id));
      candidate.owner = owner;
      candidate.version = plainVersion(owner.version) ?? candidate.version;
    }
    // A manifest in somebody's home lies above everything in it; only one that surely owns the file contradicts.
    if (owner.role !== 'entry' && !owner.root.includes('/node_modules/')) return;
    for (const candidate of candidates.values())
      if (!agents.includes(candidate.agent) && !candidate.isApp && !has(candidate, 'path'))
        candidate.evidence.push(evidence('other_package', owner.id));
  }

  function ownerOf(
    own: ProcessFiles,
    exec: ExecFacts,
    run: Interpreted | undefined,
    called: string | undefined,
    path: string | undefined,
    candidates: ReadonlyMap<Agent, Candidate>,
  ): PackageOwner | undefined {
    const isCandidate = candidates.size > 0;
    const wanted = (name: string) => matcher.byPackage(`pypi:${name}`).some((agent) => candidates.has(agent));
    if (run?.family === 'python') {
      if (!isCandidate) return undefined;
      if (run.kind === 'module')
        return owners.ofPythonModule(
          own,
          absolute(exec.args[0] ?? exec.calledPath, exec.workingDirectory),
          exec.home,
          wanted,
        );
      // A link in ~/.local/bin leads into the environment; a script of `pip install --user` lies there itself.
      return (
        (path === undefined ? undefined : owners.ofPythonScript(own, path, wanted)) ??
        (called === undefined ? undefined : owners.ofPythonScript(own, called, wanted))
      );
    }
    if (path === undefined) return undefined;
    const node = run || isCandidate || matcher.namesPackage(path) ? owners.ofNodeFile(own, path) : undefined;
    if (run || (node && matcher.byPackage(node.id).length > 0)) return node;
    return (isCandidate ? owners.ofGoExecutable(own, path) : undefined) ?? node;
  }

  function takeFolders(candidates: Map<Agent, Candidate>, own: ProcessFiles, home: string | undefined): void {
    for (const candidate of candidates.values()) {
      if (isOfFile(candidate)) continue;
      const found = candidate.agent.folders.find((folder) => exists(own, folder, home));
      if (found) candidate.evidence.push(evidence('folder', found));
    }
  }

  function exists(own: ProcessFiles, folder: string, home: string | undefined): boolean {
    const path = folder.startsWith('~/') ? home && `${home}/${folder.slice(2)}` : folder;
    if (!path) return false;
    const key = `${own.root}\0${path}`;
    const known = folders.get(key);
    if (known && nowMs() - known.atMs < FOLDER_MS) return known.exists;
    const found = own.stamp(path) !== undefined;
    folders.set(key, { exists: found, atMs: nowMs() });
    return found;
  }

  /** Marks count for what an agent's application started, and beside a name. Alone they say whose child it is. */
  function takeEnvironment(candidates: Map<Agent, Candidate>, own: ProcessFiles, exec: ExecFacts): void {
    // Reading it costs more than all else that is asked of an unlikely program.
    const canTell = [...candidates.values()].some(
      (candidate) => candidate.agent.environment.length > 0 && !isOfFile(candidate),
    );
    const bytes = canTell || exec.startedByApp ? own.environment() : undefined;
    if (!bytes) return;
    for (const mark of marks.held(bytes, () => own.hasTerminal())) {
      if (mark.agent.id === exec.startedByApp) {
        const candidate = candidateOf(candidates, mark.agent);
        candidate.evidence.push(
          evidence('environment', mark.shown),
          evidence('started_by_app', mark.agent.name),
        );
      } else {
        candidates.get(mark.agent)?.evidence.push(evidence('environment', mark.shown));
      }
    }
  }

  function bestOf(candidates: Map<Agent, Candidate>): Candidate | undefined {
    let best: Candidate | undefined;
    let bestScore = 0;
    for (const candidate of candidates.values()) {
      const score = candidate.evidence.length === 0 && candidate.isApp ? 0.5 : scoreOf(candidate.evidence);
      const isUpper =
        best && catalogue.agents.indexOf(candidate.agent) < catalogue.agents.indexOf(best.agent);
      if (score > bestScore || (score === bestScore && isUpper)) {
        best = candidate;
        bestScore = score;
      }
    }
    return best;
  }

  function answer(
    best: Candidate,
    exec: ExecFacts,
    program: Program,
    own: ProcessFiles,
  ): Recognition | undefined {
    const { agent } = best;
    const score = scoreOf(best.evidence);
    const band = bandOf(score);
    const verdict = verdictOf(agent.kind, band);
    if (verdict !== 'agent' && best.isApp) return appAnswer(best, exec);
    if (band === 'none') return undefined;
    return {
      agent: agent.id,
      name: agent.name,
      kind: agent.kind,
      verdict,
      version: best.version ?? best.owner?.version,
      package: best.owner?.id,
      root: best.owner?.root ?? own.realPath(program.path ?? exec.executable) ?? exec.executable,
      score,
      band,
      evidence: best.evidence,
      unsafeSwitches: unsafeSwitches(agent, program.args, exec, () => own),
    };
  }

  /** In force for this run, whatever is known of the file; the file system is asked only where it can tell of some. */
  function unsafeSwitches(
    agent: Agent,
    args: readonly string[],
    exec: ExecFacts,
    filesOf: () => ProcessFiles,
  ): string[] {
    const given = unsafeArguments(agent, args);
    if (agent.unsafeEnvironment.size + agent.unsafeSettings.length === 0) return given;
    const own = filesOf();
    const environment = agent.unsafeEnvironment.size > 0 ? own.environment() : undefined;
    if (environment) given.push(...marks.unsafe(agent, environment));
    if (exec.home) given.push(...unsafeSettings(agent, exec.home, own));
    return given;
  }

  function appAnswer({ agent }: Candidate, exec: ExecFacts): Recognition {
    const found = [evidence('path', exec.executable)];
    const score = scoreOf(found);
    return {
      agent: agent.id,
      name: agent.name,
      kind: agent.kind,
      verdict: 'app',
      version: undefined,
      package: undefined,
      root: exec.executable,
      score,
      band: bandOf(score),
      evidence: found,
      unsafeSwitches: [],
    };
  }

  function remember(exec: ExecFacts, recognition: Recognition): void {
    if (exec.executableFile) knownFiles.set(fileKey(exec.executableFile), recognition);
  }

  function recall(exec: ExecFacts): Recognition | undefined {
    const known = exec.executableFile && knownFiles.get(fileKey(exec.executableFile));
    const agent = known && catalogue.agent(known.agent);
    if (!known || !agent) return undefined;
    const found = [
      evidence('known_file', exec.executable),
      ...known.evidence.filter(({ kind }) => ABOUT_THE_FILE.has(kind)),
    ];
    const score = scoreOf(found);
    const unsafe = unsafeSwitches(agent, exec.args.slice(1), exec, () =>
      files(exec.pid, exec.mountNamespace),
    );
    return { ...known, evidence: found, score, band: bandOf(score), unsafeSwitches: unsafe };
  }

  return {
    recognise,
    reconsider: (exec, before, behaviour) => reconsider(catalogue, exec, before, behaviour),
    marksOf(pid) {
      const own = files(pid);
      const bytes = own.environment();
      if (!bytes) return [];
      return marks
        .held(bytes, () => own.hasTerminal())
        .map(({ agent, shown, identifiers }: HeldMark) => ({ agent: agent.id, shown, identifiers }));
    },
  };
}

/** Evidence that belongs to the file whoever runs it, whatever its arguments. */
const ABOUT_THE_FILE: ReadonlySet<EvidenceKind> = new Set(['package_entry', 'path']);

function isOfFile(candidate: Candidate): boolean {
  return candidate.evidence.some(({ kind }) => ABOUT_THE_FILE.has(kind));
}

function has(candidate: Candidate, kind: EvidenceKind): boolean {
  return candidate.evidence.some((found) => found.kind === kind);
}

function candidateOf(candidates: Map<Agent, Candidate>, agent: Agent): Candidate {
  let candidate = candidates.get(agent);
  if (!candidate) {
    candidate = { agent, evidence: [], version: undefined, owner: undefined, isApp: false };
    candidates.set(agent, candidate);
  }
  return candidate;
}

function fileKey(file: NonNullable<ExecFacts['executableFile']>): string {
  return `${file.device}:${file.inode}:${file.changeNs}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function absolute(path: string, workingDirectory: string): string {
  return path.startsWith('/') ? posix.normalize(path) : posix.join(workingDirectory, path);
}

/** Sandboxes put the old root below a folder of their own; what lies in it is called by its old name. */
function withoutSandboxRoot(path: string): string {
  return path.replace(/^(?:\/proc\/\d+\/root|\/tmp\/newroot|\/newroot|\/oldroot)(?=\/)/, '');
}

/** Packages made for one platform add it to the version: 0.169.0-linux-x64. */
function plainVersion(version: string | undefined): string | undefined {
  return version?.replace(/-(?:linux|linuxmusl|darwin|win32)(?:-[a-z0-9]+)*$/, '');
}
