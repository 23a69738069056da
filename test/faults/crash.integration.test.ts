import { describeCrashes } from './crashes.ts';

describeCrashes('everything in one folder', { kills: 15 });
