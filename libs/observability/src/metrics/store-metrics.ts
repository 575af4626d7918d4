import { Injectable } from '@nestjs/common';
import { registerAsked } from './asked-metric.js';

/** Whether this replica can follow what all replicas share. Nothing is counted here: a scrape asks. */
@Injectable()
export class StoreMetrics {
  private isUp: () => boolean = () => false;

  constructor() {
    registerAsked<boolean>(
      {
        name: 'tigateway_store_up',
        type: 'gauge',
        help: '1 while this replica follows what all replicas share',
        samples: (isUp) => [{ labels: {}, value: Number(isUp) }],
      },
      () => [this.isUp()],
    );
  }

  /** @param isUp asked at every scrape */
  follow(isUp: () => boolean): void {
    this.isUp = isUp;
  }
}
