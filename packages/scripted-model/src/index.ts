// The scripted model: a Messages API that plays the script in the prompt.
export type { ModelRequest } from './answer.ts';
export { script } from './script.ts';
export { type ScriptedModel, type ScriptedModelOptions, startScriptedModel } from './start.ts';
export type { BreakPoint, Fault, Step, StepFields, Times, ToolCall } from './step.ts';
