/**
 * A child process that answers one message at a time, over IPC.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Child<Job, Answer> {
  ask(job: Job): Promise<Answer>;
  /** The message that the child sends by itself when it is ready. */
  ready(): Promise<Answer>;
  close(): void;
}

/**
 * @param module from bench/
 * @param env besides this process's own
 */
export function startChild<Job extends object, Answer>(
  module: string,
  isAnswer: (message: object) => message is Answer & object,
  env: Readonly<Record<string, string>> = {},
): Child<Job, Answer> {
  const child = fork(fileURLToPath(new URL(`../${module}`, import.meta.url)), {
    serialization: "advanced",
    env: { ...process.env, ...env },
  });
  const next = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`${module} has ended`));
      child.once("exit", onExit);
      child.once("message", (message) => {
        child.off("exit", onExit);
        if (typeof message === "object" && message !== null && isAnswer(message)) resolve(message);
        else reject(new Error(`${module}: ${JSON.stringify(message)}`));
      });
    });
  return {
    ready: next,
    ask(job) {
      const answer = next();
      child.send(job);
      return answer;
    },
    close() {
      child.kill();
    },
  };
}
