package io.statebridge.endtoend;

import io.statebridge.endtoend.ChaosSpans.Span;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.ExitSource;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What really happened, and so what the daemon has to know. It is written by the containers and by
 * whoever does the faults, never by the daemon. Thread-safe.
 */
final class ChaosLedger {

  /** Why nobody can know how a container ended. */
  enum Reason {
    /** It ended while the daemon was away, and containerd dropped it before the daemon was back. */
    DAEMON_AWAY("daemon away"),
    /** It ended while the disk was full, and the daemon was killed before it could save that. */
    DISK_FULL("disk full"),
    /** Its shim was killed, or containerd gave it up because it did not answer. */
    SHIM_GONE("shim gone"),
    /** There was no second in which the daemon could learn of it before containerd dropped it. */
    NO_TIME("no time to learn of it"),
    /**
     * No event told of it, and a simulated process is not in /proc, where its shim would be found:
     * then only containerd can be asked, which was away when it ended, and dropped it.
     */
    ONLY_LISTED("only listed");

    final String words;

    Reason(String words) {
      this.words = words;
    }
  }

  enum Verdict {
    TRUE,
    /** It is not over, and is not said to be. */
    LIVES,
    UNKNOWABLE,
    /** Its start was interrupted: there may be nothing to know. */
    UNFINISHED,
    LOST,
    WRONG
  }

  record Judgement(
      ChaosContainer container,
      Verdict verdict,
      @Nullable Reason reason,
      boolean flagged,
      String record) {
    Reason provenReason() {
      return Objects.requireNonNull(reason);
    }

    /** Whether it may be a matter of time: nothing says yet that nobody knows. */
    boolean mayStillBeKnown() {
      return verdict == Verdict.UNKNOWABLE && !flagged;
    }

    boolean isBad() {
      return verdict == Verdict.LOST || verdict == Verdict.WRONG;
    }

    @Override
    public String toString() {
      return verdict
          + (reason == null ? "" : " " + reason)
          + ": "
          + container
          + ", record "
          + record;
    }
  }

  /** What the daemon needs to learn of an exit, or of a container, and to save it. */
  private static final Duration LEARNING = Duration.ofSeconds(1);

  /** What it needs to save what it shows. */
  private static final Duration SAVING = Duration.ofMillis(200);

  final ChaosSpans daemonAway = new ChaosSpans();

  /** As by SIGSTOP: what it was told meanwhile it reads when it goes on. */
  final ChaosSpans daemonStopped = new ChaosSpans();

  final ChaosSpans containerdAway = new ChaosSpans();

  /** Until all is on the disk again. */
  final ChaosSpans diskFull = new ChaosSpans();

  /** When containerd started. */
  final List<Span> starts = new CopyOnWriteArrayList<>();

  /** Those starts at which it dropped what had ended. */
  final List<Span> drops = new CopyOnWriteArrayList<>();

  private final boolean real;

  /** How much later than the ledger's the runtime's date of an end may be. */
  private final Duration inexact;

  /**
   * @param real whether containerd, the shims and the containers are
   */
  ChaosLedger(boolean real) {
    this.real = real;
    // A file is written, and then the process ends, on a busy machine.
    inexact = real ? Duration.ofSeconds(5) : Duration.ZERO;
  }

  Judgement judge(ChaosContainer container, @Nullable Container record) {
    ChaosContainer.End end = container.end;
    Instant over = end == null ? container.shimKilled : end.at();
    boolean exited = record != null && record.getState() == ContainerState.CONTAINER_STATE_EXITED;
    if (container.started == null) {
      boolean wrong =
          record != null
              && exited
              && end != null
              && !isFlagged(record)
              && !isTrue(container, end, record);
      return judgement(wrong ? Verdict.WRONG : Verdict.UNFINISHED, container, record);
    }
    if (over == null) {
      return judgement(
          exited ? Verdict.WRONG : record == null ? Verdict.LOST : Verdict.LIVES,
          container,
          record);
    }
    if (record != null && exited && end != null && !isFlagged(record)) {
      return judgement(
          isTrue(container, end, record) ? Verdict.TRUE : Verdict.WRONG, container, record);
    }
    boolean honest = record == null || !exited || isFlagged(record);
    Optional<Reason> reason = honest ? unknowable(container, over, record) : Optional.empty();
    if (reason.isPresent()) {
      return new Judgement(
          container,
          Verdict.UNKNOWABLE,
          reason.orElseThrow(),
          record != null && isFlagged(record),
          shown(record));
    }
    return judgement(exited ? Verdict.WRONG : Verdict.LOST, container, record);
  }

  private static Judgement judgement(
      Verdict verdict, ChaosContainer container, @Nullable Container record) {
    return new Judgement(container, verdict, null, false, shown(record));
  }

  private static String shown(@Nullable Container record) {
    return record == null ? "none" : record.toString().replaceAll("\\s+", " ");
  }

  /** Whether a record says itself that nobody saw the end. */
  static boolean isFlagged(Container record) {
    return record.getSource() == ExitSource.EXIT_SOURCE_UNKNOWN
        || record.getMessage().contains("guess");
  }

  private boolean isTrue(ChaosContainer container, ChaosContainer.End end, Container record) {
    if (record.getExitCode() != end.code() || end.killed()) {
      return record.getExitCode() == end.code();
    }
    Instant latest = container.shimStopped.endOf(end.at()).plus(inexact);
    Instant finished = Records.instant(record.getFinishedAt());
    return !finished.isBefore(end.at().minus(inexact)) && !finished.isAfter(latest);
  }

  private Optional<Reason> unknowable(
      ChaosContainer container, Instant over, @Nullable Container record) {
    Instant killed = container.shimKilled;
    if ((killed != null && !over.isBefore(killed.minus(LEARNING))) || wasGivenUp(container)) {
      return Optional.of(Reason.SHIM_GONE);
    }
    for (Span away : daemonAway.all()) {
      Optional<Reason> reason = unknowable(container, over, away);
      if (reason.isPresent()) {
        return reason;
      }
    }
    Instant seen = container.processSeen;
    Instant started = container.started;
    boolean onlyListed =
        !real
            && started != null
            && (seen == null
                || seen.isAfter(started.plus(LEARNING))
                || isDatedByTheList(started, record));
    for (Span drop : dropsOf(container).toList()) {
      if (onlyListed && !over.isAfter(drop.to()) && isShortlyBefore(over, drop)) {
        return Optional.of(Reason.ONLY_LISTED);
      }
      boolean unseen = seen == null || seen.plus(LEARNING).isAfter(drop.from());
      if (unseen
          && started != null
          && !over.isAfter(drop.to())
          && ChaosSpans.longestTogether(
                      List.of(daemonAway, daemonStopped, containerdAway), started, drop.to())
                  .compareTo(LEARNING)
              < 0) {
        return Optional.of(Reason.NO_TIME);
      }
    }
    return Optional.empty();
  }

  /**
   * An event's date is of before the start was answered; a list's task is dated when it is read.
   */
  private static boolean isDatedByTheList(Instant started, @Nullable Container record) {
    return record != null
        && record.hasStartedAt()
        && Records.instant(record.getStartedAt()).isAfter(started);
  }

  /** Whether an end was in a time in which the daemon was away, or could not save it before. */
  private Optional<Reason> unknowable(ChaosContainer container, Instant over, Span away) {
    Optional<Span> full = diskFull.all().stream().filter(s -> s.contains(away.from())).findFirst();
    Instant seen = container.exitSeen;
    Instant trouble = full.map(Span::from).orElse(away.from());
    boolean saved = seen != null && seen.plus(SAVING).isBefore(trouble);
    Instant unsavedSince = saved ? trouble : trouble.minus(LEARNING);
    if (over.isBefore(unsavedSince) || over.isAfter(away.to())) {
      return Optional.empty();
    }
    boolean dropped =
        dropsOf(container)
            .anyMatch(
                drop ->
                    !drop.to().isBefore(over) && !drop.from().isAfter(away.to().plus(LEARNING)));
    if (dropped) {
      return Optional.of(full.isPresent() ? Reason.DISK_FULL : Reason.DAEMON_AWAY);
    }
    // The daemon itself deletes the task of what it knows, after it has waited for the disk.
    return full.isPresent() && container.plan.deletes()
        ? Optional.of(Reason.DISK_FULL)
        : Optional.empty();
  }

  /** Whether containerd went away before it could tell of an end, and dropped it at its return. */
  private boolean isShortlyBefore(Instant over, Span drop) {
    return containerdAway.all().stream()
        .anyMatch(away -> away.overlaps(drop) && !over.isBefore(away.from().minus(LEARNING)));
  }

  private Stream<Span> dropsOf(ChaosContainer container) {
    Instant killed = container.shimKilled;
    return Stream.concat(
        drops.stream(), killed == null ? Stream.empty() : Stream.of(new Span(killed, killed)));
  }

  /** A real containerd does not wait for a shim at its start: it cleans up what does not answer. */
  private boolean wasGivenUp(ChaosContainer container) {
    return real
        && container.shimStopped.all().stream()
            .anyMatch(stopped -> starts.stream().anyMatch(stopped::overlaps));
  }

  /** How long after its end, and after whatever stood in the way, the true code was seen. */
  Duration timeToKnow(ChaosContainer container) {
    ChaosContainer.End end = container.end;
    Instant seen = container.exitSeen;
    if (end == null || seen == null) {
      return Duration.ZERO;
    }
    Instant process = container.processSeen;
    boolean neededContainerd = process == null || process.isAfter(end.at());
    Instant possible = end.at();
    Instant before;
    do {
      before = possible;
      possible = end(daemonAway, end(daemonStopped, possible, seen), seen);
      possible = end(container.shimStopped, possible, seen);
      possible = neededContainerd ? end(containerdAway, possible, seen) : possible;
    } while (!possible.equals(before));
    Duration taken = Duration.between(possible, seen);
    return taken.isNegative() ? Duration.ZERO : taken;
  }

  /** When nothing was away any more, of what was away at a time or before it could be told. */
  private static Instant end(ChaosSpans spans, Instant at, Instant seen) {
    return spans.all().stream()
        .filter(away -> !away.to().isBefore(at) && !away.from().isAfter(seen))
        .filter(away -> !away.from().isAfter(at.plus(LEARNING)))
        .map(Span::to)
        .reduce(at, (one, other) -> other.isAfter(one) ? other : one);
  }
}
