/** What runs: `/actuator/info`, the start-up log line. The application provides it. */
export abstract class AppInfo {
  /** `commit` where the build knew it. */
  abstract readonly build: { readonly name: string; readonly version: string; readonly commit?: string };
  abstract readonly runtime: {
    readonly node: string;
    readonly platform: string;
    readonly arch: string;
    readonly pid: number;
    /** ISO 8601, UTC. */
    readonly startedAt: string;
  };
}
