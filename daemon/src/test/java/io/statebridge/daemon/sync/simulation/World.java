package io.statebridge.daemon.sync.simulation;

/** What all parts of one simulation share. */
final class World {
  final Schedule schedule;
  final SimulatedTime time = new SimulatedTime();
  final Trace trace;
  final Noise noise;
  final Ledger ledger = new Ledger();
  final Faults faults;
  final Oracle oracle;
  final Events events;
  final Containerd containerd;
  final CriPlugin cri;
  final Node node;
  final Disk disk = new Disk();

  /** Calm again once everything is healed. */
  Latency latency;

  World(Schedule schedule, boolean keepingTrace) {
    this.schedule = schedule;
    this.latency = schedule.latency();
    trace = new Trace(time, keepingTrace);
    noise = new Noise(schedule.seed(), time);
    faults = new Faults(this);
    oracle = new Oracle(this);
    events = new Events(this);
    containerd = new Containerd(this, schedule.keepsStopped(), schedule.criLoaded());
    cri = new CriPlugin(this);
    node = new Node(this);
  }

  /** A virtual machine whose container was deleted: nobody can say whether it runs. */
  boolean isOutOfSight(LedgerRun run) {
    return !schedule.kernelKnows() && !run.container.exists;
  }

  /** How long a message is under way. */
  long leg(String purpose, Object about) {
    return latency.nanos(noise.draw(purpose, about));
  }
}
