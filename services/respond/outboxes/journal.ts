import { setTimeout as wait } from 'node:timers/promises';
import type { CheckpointStore, OpenCheckpoint } from '../../checkpoints/checkpoint-store.ts';
import { AppError, whyOf } from '../../errors.ts';
import type { Log } from '../../log.ts';

/** Changes gather for so long before they are saved together. */
const GATHER_MS = 100;
const MAX_PAUSE_MS = 10_000;
const CHECKPOINT = 'respond';

export interface JournalParts {
  checkpoints: CheckpointStore;
  log: Log;
  /** Somebody else has taken the state over. */
  onLost: () => void;
}

/** What respond must remember, saved as one checkpoint: incidents, offsets, and everything still to be sent. Whatever is
 *  set between two saves is on disk together or not at all. */
export class Journal {
  readonly #parts: JournalParts;
  #checkpoint: OpenCheckpoint | undefined;
  #changed = new Map<string, string | undefined>();
  readonly #offsets: Record<string, number> = {};
  /** Parts that write themselves down only when a save is near. */
  readonly #writers: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  #isDirty = false;
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();
  #hurry = new AbortController();

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  /** Entries of the last checkpoint. */
  async open(): Promise<Map<string, string>> {
    const { found, checkpoint } = await this.#parts.checkpoints.open(CHECKPOINT);
    this.#checkpoint = checkpoint;
    Object.assign(this.#offsets, found?.offsets);
    return new Map(found?.entries ?? []);
  }

  /** Offset to read on from; everything before it is included in the state. */
  offset(topic: string, partition: number): number {
    return this.#offsets[`${topic}/${partition}`] ?? 0;
  }

  setOffset(topic: string, partition: number, next: number): void {
    this.#offsets[`${topic}/${partition}`] = next;
    this.touch();
  }

  set(name: string, text: string | undefined): void {
    this.#changed.set(name, text);
    this.touch();
  }

  beforeSave(write: () => void): void {
    this.#writers.push(write);
  }

  /** There is something to save. */
  touch(): void {
    this.#isDirty = true;
    this.#running ??= this.#run();
  }

  /** Resolves when everything set up to now is on disk, and sees to it that this is soon. */
  saved(): Promise<void> {
    const saved = this.whenSaved();
    this.#hurry.abort();
    return saved;
  }

  /** Resolves when everything set up to now is on disk. */
  whenSaved(): Promise<void> {
    const saved = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.touch();
    return saved;
  }

  /** Saves what is left; gives up when that fails. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    if (this.#isDirty) await this.#save();
    await this.#checkpoint?.release();
  }

  /** Saves nothing more: another process has taken the checkpoint over. */
  async abandon(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#checkpoint?.release();
  }

  async #run(): Promise<void> {
    let pauseMs = GATHER_MS;
    while (this.#isDirty && !this.#closing.signal.aborted) {
      this.#hurry = new AbortController();
      const signal = AbortSignal.any([this.#closing.signal, this.#hurry.signal]);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = (await this.#save()) ? GATHER_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
    this.#running = undefined;
  }

  async #save(): Promise<boolean> {
    for (const write of this.#writers) write();
    const changed = this.#changed;
    const waiting = this.#waiting;
    this.#changed = new Map();
    this.#waiting = [];
    this.#isDirty = false;
    try {
      await this.#checkpoint?.save({ offsets: { ...this.#offsets }, changed });
      for (const resolve of waiting) resolve();
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'E_CHECKPOINT_LOST') this.#parts.onLost();
      this.#parts.log.error(
        { ...whyOf(error) },
        'The state of respond could not be saved; it is tried again.',
      );
      this.#changed = new Map([...changed, ...this.#changed]);
      this.#waiting = [...waiting, ...this.#waiting];
      this.#isDirty = true;
      return false;
    }
  }
}
