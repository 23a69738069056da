import { getContainerRuntimeClient } from 'testcontainers';

export function hasDocker(): Promise<boolean> {
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}
