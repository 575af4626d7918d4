import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/builders/fake-clock.js';
import { VersionClock } from './version-clock.js';
import { versionMs } from './version-name.js';

describe('VersionClock', () => {
  it('names a version after the millisecond it was made in', () => {
    expect(new VersionClock(new FakeClock(1_700_000_000_000)).mint()).toBe('v1700000000000');
  });

  it('grows within one millisecond', () => {
    const versions = new VersionClock(new FakeClock(1_000));
    expect([versions.mint(), versions.mint(), versions.mint()]).toEqual(['v1000', 'v1001', 'v1002']);
  });

  it('grows while the clock has been set back, and follows the clock again once it has caught up', () => {
    const clock = new FakeClock(10_000);
    const versions = new VersionClock(clock);
    versions.mint();
    clock.step(-5_000);
    expect(versions.mint()).toBe('v10001');
    clock.step(6_000);
    expect(versions.mint()).toBe('v11000');
  });

  it('goes on after the newest version that the store knows', () => {
    const versions = new VersionClock(new FakeClock(1_000));
    versions.seed(5_000);
    versions.seed(4_000);
    expect(versions.mint()).toBe('v5001');
  });

  it.each([
    ['v1700000000000', 1_700_000_000_000],
    ['v0', undefined],
    ['v01', undefined],
    ['1700000000000', undefined],
    ['v1.5', undefined],
    ['v99999999999999999', undefined],
    ['', undefined],
  ])('reads %j as %j', (version, ms) => {
    expect(versionMs(version)).toBe(ms);
  });
});
