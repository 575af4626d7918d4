import { nameOf, type ServiceInstance, ServiceInstances } from '../ports/service-instances.js';

/** Several who know services: of those that know a name the first one counts. */
export class CombinedServiceInstances extends ServiceInstances {
  private readonly firstNames: ReadonlySet<string>;
  private combined: { readonly second: readonly string[]; readonly names: readonly string[] } | undefined;

  /** @param first whose names are fixed: the services of the bootstrap file */
  constructor(
    private readonly first: ServiceInstances,
    private readonly second: ServiceInstances,
  ) {
    super();
    this.firstNames = new Set(first.names);
  }

  override get names(): readonly string[] {
    const second = this.second.names;
    if (this.combined?.second !== second) {
      const names = [...this.firstNames, ...second.filter((name) => !this.firstNames.has(name))];
      this.combined = { second, names };
    }
    return this.combined.names;
  }

  override instancesOf(service: string): readonly ServiceInstance[] {
    const knows = this.firstNames.has(service) || this.firstNames.has(nameOf(service));
    return (knows ? this.first : this.second).instancesOf(service);
  }

  override onChange(listener: () => void): () => void {
    return this.second.onChange(listener);
  }
}
