import { describe, expect, test } from 'vitest';
import { findScript, script } from '../src/script.ts';

describe('script', () => {
  test('comes back from a prompt as it was written', () => {
    const prompt = `Please.\n${script('one', { text: 'two', deltas: 2, faults: [{ status: 529, times: 2 }] })}\nThanks.`;
    expect(findScript(prompt)).toEqual([
      { text: 'one' },
      { text: 'two', deltas: 2, faults: [{ status: 529, times: 2 }] },
    ]);
  });

  test('may carry the script of a subagent', () => {
    const inner = script('from the subagent');
    const steps = findScript(script({ tools: [{ name: 'Agent', input: { prompt: inner } }] }, 'end'));
    expect(steps).toEqual([{ tools: [{ name: 'Agent', input: { prompt: inner } }] }, { text: 'end' }]);
    expect(findScript(inner)).toEqual([{ text: 'from the subagent' }]);
  });

  test('is absent from an ordinary prompt', () => {
    expect(findScript('Hello')).toBeUndefined();
  });

  test.each([
    ['<script>[', 'no </script>'],
    ['<script>[{]</script>', 'JSON'],
    ['<script>{"text":"x"}</script>', 'an array'],
    ['<script>[5]</script>', 'step 1 must be an object'],
    ['<script>["a",{"txt":"x"}]</script>', 'step 2.txt must be one of'],
    ['<script>[{"__proto__":1}]</script>', 'step 1.__proto__'],
    ['<script>[{"tools":[{"input":{}}]}]</script>', 'step 1.tools[0].name'],
    ['<script>[{"deltas":0}]</script>', 'step 1.deltas must be a whole number'],
    ['<script>[{"faults":[{"status":200}]}]</script>', 'step 1.faults[0].status'],
    ['<script>[{"faults":[{"hang":"body"}]}]</script>', 'or "headers"'],
    ['<script>[{"faults":[{"boom":1}]}]</script>', 'status, cut, error, hang'],
  ])('refuses %s', (prompt, message) => {
    expect(() => findScript(prompt)).toThrow(message);
  });
});
