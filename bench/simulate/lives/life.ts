import type { Call } from '../call.ts';
import { Happenings } from '../happenings.ts';
import type { Office, Organisation } from '../organisation.ts';
import type { Random } from '../random.ts';
import { Workload } from '../workload.ts';
import type { Caller } from '../workload.ts';

export interface LifeOptions {
  organisation: Organisation;
  office: Office;
  random: Random;
}

/** How one key is used when nobody has stolen it. Asked for one hour after the other. */
export abstract class Life {
  readonly happenings = new Happenings();
  readonly workload: Workload;
  protected readonly organisation: Organisation;
  protected readonly office: Office;
  protected readonly random: Random;

  constructor({ organisation, office, random }: LifeOptions, hoursPerDay: number) {
    this.organisation = organisation;
    this.office = office;
    this.random = random;
    const { weather } = organisation;
    this.workload = new Workload({ random, weather, happenings: this.happenings, hoursPerDay });
  }

  /** `hour`: hours since the epoch. */
  abstract callsIn(hour: number): Call[];
  /** Where and with what the owner would call now, whether or not they do. */
  abstract callerAt(ts: number): Caller;

  /** Hour of the day and day of the week (0 is Sunday) where the team sits. */
  protected localTime(hour: number): { hourOfDay: number; weekday: number; isHoliday: boolean } {
    const local = hour + this.office.utcOffset;
    const day = Math.floor(local / 24);
    const isHoliday = day * 86_400_000 === this.office.holiday;
    return { hourOfDay: local - day * 24, weekday: (day + 4) % 7, isHoliday };
  }
}

export const isWeekend = (weekday: number): boolean => weekday === 0 || weekday === 6;
