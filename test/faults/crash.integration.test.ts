import { describeFaults, killAgainAndAgain } from './crashes.ts';

describeFaults('kill -9 at random moments: everything in one folder', { disturb: killAgainAndAgain(15) });
