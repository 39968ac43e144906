/** Finds out at the start of a server how the disks of its sessions are bounded. */
import { mkdir } from 'node:fs/promises';
import { errors } from '@ash-ai/shared';
import { whyNoImages } from './image.ts';

/** Whether sessions can have disks of their own here. @throws isolation_unavailable when they are to, and can't */
export async function tryDisks(sandboxesDir: string, kind: 'auto' | 'image' | 'watchdog'): Promise<boolean> {
  if (kind === 'watchdog') return false;
  await mkdir(sandboxesDir, { recursive: true, mode: 0o711 });
  const why = await whyNoImages(sandboxesDir);
  if (kind === 'image' && why !== undefined) {
    throw errors.isolation_unavailable({ reason: `sessions can't have disks of their own: ${why}` });
  }
  return why === undefined;
}
