package io.statebridge.endtoend;

import io.statebridge.endtoend.ChaosLedger.Judgement;
import io.statebridge.endtoend.ChaosLedger.Reason;
import io.statebridge.endtoend.ChaosWatch.Broken;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What all rounds came to, by containerd's version, and which faults were done. */
final class ChaosTally {

  /**
   * What a round came to.
   *
   * @param longest time until an exit was known that could be
   * @param overtaken how often a watcher had to begin anew
   */
  record Round(
      String version,
      List<Judgement> judgements,
      List<Broken> broken,
      Duration longest,
      String slowest,
      Map<ChaosFault, Integer> faults,
      int overtaken) {

    boolean isBad() {
      return !broken.isEmpty() || judgements.stream().anyMatch(Judgement::isBad);
    }

    private long count(ChaosLedger.Verdict verdict) {
      return judgements.stream().filter(judgement -> judgement.verdict() == verdict).count();
    }

    private long count(ChaosWatch.Kind kind) {
      return broken.stream().filter(promise -> promise.kind() == kind).count();
    }
  }

  private record Row(
      long rounds,
      long exits,
      long lost,
      long wrong,
      long duplicates,
      Map<Reason, Long> unknowable,
      long unfinished,
      Duration longest) {

    static Row of(Round round) {
      Map<Reason, Long> reasons =
          round.judgements().stream()
              .filter(judgement -> judgement.reason() != null)
              .collect(
                  Collectors.groupingBy(
                      Judgement::provenReason,
                      () -> new EnumMap<>(Reason.class),
                      Collectors.counting()));
      long unfinished = round.count(ChaosLedger.Verdict.UNFINISHED);
      return new Row(
          1,
          round.judgements().size() - unfinished - round.count(ChaosLedger.Verdict.LIVES),
          round.count(ChaosLedger.Verdict.LOST) + round.count(ChaosWatch.Kind.GAP),
          round.count(ChaosLedger.Verdict.WRONG) + round.count(ChaosWatch.Kind.WRONG),
          round.count(ChaosWatch.Kind.DUPLICATE),
          reasons,
          unfinished,
          round.longest());
    }

    Row plus(Row other) {
      Map<Reason, Long> reasons = new EnumMap<>(Reason.class);
      reasons.putAll(unknowable);
      other.unknowable.forEach((reason, count) -> reasons.merge(reason, count, Long::sum));
      return new Row(
          rounds + other.rounds,
          exits + other.exits,
          lost + other.lost,
          wrong + other.wrong,
          duplicates + other.duplicates,
          reasons,
          unfinished + other.unfinished,
          longest.compareTo(other.longest) < 0 ? other.longest : longest);
    }

    @Override
    public String toString() {
      return "%d | %d | %d | %d | %d | %s | %.1f s | %d"
          .formatted(
              rounds,
              exits,
              lost,
              wrong,
              duplicates,
              unknowable.isEmpty() ? "0" : shown(unknowable),
              longest.toMillis() / 1000.0,
              unfinished);
    }

    private static String shown(Map<Reason, Long> unknowable) {
      return unknowable.entrySet().stream()
          .map(entry -> entry.getValue() + " " + entry.getKey().words)
          .collect(Collectors.joining(", "));
    }
  }

  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final Map<ChaosFault, Integer> faults = new EnumMap<>(ChaosFault.class);
  private int overtaken;

  void add(Round round) {
    rows.merge(round.version(), Row.of(round), Row::plus);
    round.faults().forEach((kind, count) -> faults.merge(kind, count, Integer::sum));
    overtaken += round.overtaken();
  }

  boolean isBad() {
    return rows.values().stream().anyMatch(row -> row.lost + row.wrong + row.duplicates > 0);
  }

  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(
            """
            | containerd | rounds | exits | lost | wrong | duplicates | unknowable | longest to know | starts interrupted |
            |---|---|---|---|---|---|---|---|---|
            """);
    rows.forEach((version, row) -> text.append("| %s | %s |%n".formatted(version, row)));
    text.append("\n| fault | times |\n|---|---|\n");
    faults.forEach((kind, count) -> text.append("| %s | %d |%n".formatted(kind.words, count)));
    return text.append("| a watcher had to begin anew | %d |%n".formatted(overtaken)).toString();
  }
}
