import type { IncidentSnapshot } from '../../incidents/incident.ts';
import type { Command, Finding } from '../../topics.ts';
import { handleResult } from './actions.ts';
import { Archive } from './archive.ts';
import type { Caps, Fleet } from './caps.ts';
import { handleFreeze, handleIncidentCommand } from './commands.ts';
import type { Dossier } from './dossier.ts';
import type { ActionResult, Effect, FailureCode, PlannedAction } from './effects.ts';
import { handleFinding, judgeDoubted } from './findings.ts';
import type { PolicySettings } from './findings.ts';
import { tellOverdue } from './news.ts';
import type { Mode } from './policy.ts';
import { checkSilence, handleObserved } from './proofs.ts';
import { closeQuietly, QUIET_MS, wentQuiet } from './quiet.ts';
import { Situation } from './situation.ts';
import { Turn } from './turn.ts';

const QUIET_CHECK_MS = 10 * 60_000;

export interface DeskSettings {
  mode: Mode;
  caps: Caps;
  /** Key ids or aliases that only people may block. */
  protectedKeys: readonly string[];
  /** After a restore, the same evidence does not block again for so long. */
  graceMs: number;
  publicUrl: string;
  /** A replay: what would be done is noted as simulated, and nothing acts. */
  simulate: boolean;
}

/** Everything that respond decides. Deterministic: the same inputs at the same times give the same effects, so a replay
 *  decides as the live run did. Does nothing by itself; whoever calls carries out the effects, in their order. */
export interface Desk {
  applyFinding(finding: Finding, now: number): Effect[];
  applyCommand(command: Command, now: number): Effect[];
  actionResult(result: ActionResult, now: number): Effect[];
  /** How many keys there are; shares of them are caps. */
  setFleet(fleet: Fleet): void;
  /** What waits for time to pass: proofs by silence, news whose outcome is overdue, incidents that went quiet. */
  tick(now: number): Effect[];
  isFrozen(): boolean;
  incidents(): Iterable<IncidentSnapshot>;
  /** Actions that were decided and not brought to an end: to be taken up after a restart. */
  openActions(): PlannedAction[];
  /** Why an action must not go on, or undefined when it may. To be asked before each step at the gateway. */
  mustStop(actionId: string): FailureCode | undefined;
  /** Names of state entries changed since the last call; then `save` each, undefined when it is gone. */
  takeChanged(): string[];
  save(name: string): string | undefined;
  restore(name: string, text: string): void;
}

export function createDesk(settings: DeskSettings): Desk {
  return new DeskState(settings);
}

class DeskState implements Desk {
  readonly #settings: DeskSettings;
  readonly #archive = new Archive();
  readonly #situation: Situation;
  readonly #policy: PolicySettings;
  #lookedForQuietAt = -Infinity;

  constructor(settings: DeskSettings) {
    this.#settings = settings;
    this.#situation = new Situation(settings.caps);
    this.#policy = { mode: settings.mode, protectedKeys: new Set(settings.protectedKeys) };
  }

  applyFinding(finding: Finding, now: number): Effect[] {
    return this.#turn(now, (turn) => handleFinding(turn, this.#policy, finding));
  }

  applyCommand(command: Command, now: number): Effect[] {
    return this.#turn(now, (turn) => {
      switch (command.type) {
        case 'incident':
          handleIncidentCommand(turn, command, this.#settings);
          return;
        case 'freeze':
          handleFreeze(turn, command);
          return;
        case 'observed':
          handleObserved(turn, command);
          return;
      }
    });
  }

  actionResult(result: ActionResult, now: number): Effect[] {
    const dossier = this.#dossierOf(result.actionId);
    if (dossier === undefined) return [];
    return this.#turn(now, (turn) => {
      handleResult(turn, dossier, result, this.#settings.graceMs);
      judgeDoubted(turn, this.#policy, dossier, now);
    });
  }

  setFleet(fleet: Fleet): void {
    this.#situation.caps.setFleet(fleet);
  }

  tick(now: number): Effect[] {
    const looksForQuiet = now - this.#lookedForQuietAt >= QUIET_CHECK_MS;
    if (looksForQuiet) this.#lookedForQuietAt = now;
    else if (this.#settings.simulate) return [];
    return this.#turn(now, (turn) => {
      for (const dossier of this.#archive.all()) {
        if (dossier.proof !== undefined) checkSilence(turn, dossier, dossier.proof);
        tellOverdue(turn, dossier);
        const isStill = now - dossier.incident.updatedAt >= QUIET_MS;
        if (looksForQuiet && isStill && wentQuiet(dossier, now)) closeQuietly(turn, dossier);
      }
      if (this.#situation.forgiveness.expire(now)) this.#situation.isChanged = true;
    });
  }

  isFrozen(): boolean {
    return this.#situation.hold !== 'no';
  }

  *incidents(): Iterable<IncidentSnapshot> {
    for (const { incident } of this.#archive.all()) yield incident;
  }

  openActions(): PlannedAction[] {
    return [...this.#archive.all()].flatMap(({ open }) => open);
  }

  mustStop(actionId: string): FailureCode | undefined {
    const action = this.#dossierOf(actionId)?.open.find((one) => one.actionId === actionId);
    if (action === undefined) return 'cancelled';
    return action.isAutomatic && this.isFrozen() ? 'frozen' : undefined;
  }

  takeChanged(): string[] {
    const names = this.#archive.takeChanged();
    if (this.#situation.isChanged) names.push(Situation.entry);
    this.#situation.isChanged = false;
    return names;
  }

  save(name: string): string | undefined {
    return name === Situation.entry ? this.#situation.save() : this.#archive.save(name);
  }

  restore(name: string, text: string): void {
    if (name === Situation.entry) this.#situation.restore(text);
    else this.#archive.restore(name, text);
  }

  #turn(now: number, work: (turn: Turn) => void): Effect[] {
    const { publicUrl, simulate } = this.#settings;
    const turn = new Turn({ archive: this.#archive, situation: this.#situation, publicUrl, simulate }, now);
    work(turn);
    const effects = turn.finish();
    if (effects.length > 0) this.#situation.isChanged = true;
    return effects;
  }

  /** An action's id holds the id of its incident. */
  #dossierOf(actionId: string): Dossier | undefined {
    const [, incident = ''] = /^act_(.+)_(?:block|restore)_\d+$/.exec(actionId) ?? [];
    return this.#archive.get(`inc_${incident}`);
  }
}
