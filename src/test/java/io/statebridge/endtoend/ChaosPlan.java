package io.statebridge.endtoend;

import io.statebridge.endtoend.ChaosFault.Target;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * One round: which containers are started when, and which faults happen when. It follows from the
 * seed and the round's number alone.
 */
record ChaosPlan(List<Start> starts, List<Fault> faults) {

  /**
   * A container that ends by itself.
   *
   * @param deletes whether the daemon deletes its task, or somebody else
   * @param stays whether it ends so long after the begin of the next round, not after its start
   */
  record Start(int atMillis, boolean deletes, int code, int lifeMillis, boolean stays) {}

  /**
   * Something that goes wrong, for so long.
   *
   * @param pick the shim, among those that there are then
   */
  record Fault(ChaosFault kind, int atMillis, int forMillis, int pick) {}

  /**
   * How large a round is.
   *
   * @param millis while containers are started and faults begin
   * @param versionChanges whether another version comes at random; otherwise when it is its turn
   */
  record Pace(int millis, int containers, boolean versionChanges) {}

  /** Codes that containerd, or the daemon, also makes up. */
  private static final int[] SUSPICIOUS = {0, 137, 255};

  static ChaosPlan of(Pace pace, long seed, int round) {
    Random random = new Random(seed * 1_000_003 + round);
    // The first numbers of similar seeds are similar.
    random.nextLong();
    List<Start> starts = new ArrayList<>();
    int containers = 1 + random.nextInt(2 * pace.containers());
    for (int i = 0; i < containers; i++) {
      int code = random.nextInt(4) == 0 ? SUSPICIOUS[random.nextInt(3)] : 1 + random.nextInt(254);
      int at = random.nextInt(pace.millis());
      // The others are known for long before they end.
      boolean stays = random.nextInt(4) == 0;
      int life = random.nextInt(stays ? pace.millis() : pace.millis() / 2);
      starts.add(new Start(at, random.nextBoolean(), code, life, stays));
    }
    starts.sort(Comparator.comparingInt(Start::atMillis));
    List<Fault> faults = new ArrayList<>();
    for (Target target : Target.values()) {
      List<ChaosFault> kinds = kinds(target, pace.versionChanges());
      int at = random.nextInt(pace.millis());
      int most = target == Target.DISK ? random.nextInt(4) / 3 : random.nextInt(3);
      for (int i = 0; i < most && at < pace.millis(); i++) {
        int length = random.nextInt(pace.millis() * 3 / 4);
        ChaosFault kind = kinds.get(random.nextInt(kinds.size()));
        faults.add(new Fault(kind, at, length, random.nextInt(1000)));
        at += length + random.nextInt(pace.millis() / 2);
      }
    }
    return new ChaosPlan(starts, faults);
  }

  private static List<ChaosFault> kinds(Target target, boolean versionChanges) {
    return List.of(ChaosFault.values()).stream()
        .filter(kind -> kind.target == target)
        .filter(kind -> versionChanges || kind != ChaosFault.CONTAINERD_VERSION)
        .toList();
  }

  List<Fault> faultsOf(Target target) {
    return faults.stream().filter(fault -> fault.kind().target == target).toList();
  }

  /** With another version of containerd, at the first time that there is for it. */
  ChaosPlan withVersionChange(Pace pace) {
    List<Fault> changed = new ArrayList<>(faults);
    changed.removeIf(fault -> fault.kind().target == Target.CONTAINERD);
    changed.add(new Fault(ChaosFault.CONTAINERD_VERSION, pace.millis() / 3, pace.millis() / 3, 0));
    return new ChaosPlan(starts, changed);
  }
}
