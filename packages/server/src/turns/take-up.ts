/** Takes up what an earlier owner of a session's lease left: a sandbox, alive or not, and a turn under way. */
import { isAshError } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import * as approvalStore from '../store/approvals.ts';
import type { SessionRow } from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { Carriage } from './carriage.ts';
import { currentOf, toTurn } from './current.ts';
import { cutBy } from './endings.ts';
import type { SandboxRooms } from './lane-sandbox.ts';
import type { Ledger } from './ledger.ts';
import { turnSoFar } from './so-far.ts';

/** @param adopted is called when the sandbox is there */
export async function takeUp(
  session: SessionRow,
  { rooms, ledger, carriage, adopted }: { rooms: SandboxRooms; ledger: Ledger; carriage: Carriage; adopted(): void },
): Promise<void> {
  const { log, runner, store, openRequest, logger } = rooms;
  const running = await ledger.patiently(() => turnStore.running(store.db, session.id));
  const current = running && currentOf(toTurn(running), { given: true });
  await carriage.holding(current, async () => {
    if (session.status === 'stopped' || session.status === 'ended') {
      // A server died between the decision and the deed.
      await runner.kill(session.id);
      if (current !== undefined) await ledger.end(current.id, cutBy(session.status));
      return;
    }
    const last = current ?? (await ledger.patiently(() => turnStore.lastStarted(store.db, session.id)));
    const options = (last?.options ?? {}) as TurnOptions;
    if (current !== undefined) {
      // Before the first frame, so that readers who come back get the previews that they missed.
      await ledger.patiently(() => log.keep(session.id));
    }
    const attached = ledger
      .patiently(() => openRequest(session, options))
      .then((request) => runner.attach({ ...request, ...ledger.attachment() }, { starts: current === undefined }));
    const sandbox = await attached.catch(async (cause: unknown) => {
      if (!isAshError(cause) || cause.code === 'shutting_down') throw cause;
      // No reason for turns to wait for ever: the one under way ends, and the next one meets what is wrong.
      logger.warn({ sessionId: session.id, err: cause }, 'what was left of the sandbox is of no use');
      await runner.kill(session.id);
      const { code, message } = cause;
      if (current === undefined) return undefined;
      await ledger.end(current.id, { outcome: 'failed', failure: { code, error: message } });
      current.ended = true;
      return undefined;
    });
    if (sandbox !== undefined) {
      adopted();
      carriage.sandbox.adopt(session.tenantId, sandbox, options);
    }
    if (current !== undefined && !current.ended) {
      if (sandbox?.path === 'live' && sandbox.runtimeKey === '') {
        // A server died before it could start the runtime, which may have been to go on with the turn, not to begin it. The
        // transcript tells, before a runtime is there. One that is given a prompt it has had already says nothing.
        current.unbegun = true;
        await carriage.sandbox.sleep();
      }
      // A server died, or stopped, while the sandbox came up that was to run the turn.
      if (sandbox === undefined) {
        current.unbegun = (
          await ledger.patiently(() => turnSoFar(store.db, { sessionId: session.id, turnId: current.id }))
        ).begins;
      }
      // Without so much as remains it was put to sleep while it waited for an answer.
      const asleep = sandbox === undefined || current.unbegun;
      const untold = asleep ? await ledger.patiently(() => approvalStore.untold(store.db, current.id)) : [];
      current.resting = untold.length > 0;
      await carriage.carry(current);
    }
  });
}
