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

  private static final class Row {
    int rounds;
    int exits;
    int lost;
    int wrong;
    int duplicates;
    int unfinished;
    final Map<Reason, Integer> unknowable = new EnumMap<>(Reason.class);
    Duration longest = Duration.ZERO;
  }

  /** What a round came to. */
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
  }

  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final Map<ChaosFault, Integer> faults = new EnumMap<>(ChaosFault.class);
  private int overtaken;

  void add(Round round) {
    Row row = rows.computeIfAbsent(round.version(), _ -> new Row());
    row.rounds++;
    for (Judgement judgement : round.judgements()) {
      switch (judgement.verdict()) {
        case TRUE -> row.exits++;
        case UNKNOWABLE -> {
          row.exits++;
          row.unknowable.merge(judgement.provenReason(), 1, Integer::sum);
        }
        case LOST -> {
          row.exits++;
          row.lost++;
        }
        case WRONG -> {
          row.exits++;
          row.wrong++;
        }
        case UNFINISHED -> row.unfinished++;
        case LIVES -> {}
      }
    }
    for (Broken broken : round.broken()) {
      switch (broken.kind()) {
        case DUPLICATE -> row.duplicates++;
        case GAP -> row.lost++;
        case WRONG -> row.wrong++;
      }
    }
    row.longest = row.longest.compareTo(round.longest()) < 0 ? round.longest() : row.longest;
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
    rows.forEach(
        (version, row) ->
            text.append(
                "| %s | %d | %d | %d | %d | %d | %s | %d ms | %d |%n"
                    .formatted(
                        version,
                        row.rounds,
                        row.exits,
                        row.lost,
                        row.wrong,
                        row.duplicates,
                        shown(row.unknowable),
                        row.longest.toMillis(),
                        row.unfinished)));
    text.append("\n| fault | times |\n|---|---|\n");
    faults.forEach((kind, count) -> text.append("| %s | %d |%n".formatted(kind.words, count)));
    text.append(
        "| watcher overtaken by the log, or by another epoch | %d |%n".formatted(overtaken));
    return text.toString();
  }

  private static String shown(Map<Reason, Integer> unknowable) {
    int sum = unknowable.values().stream().mapToInt(Integer::intValue).sum();
    return sum
        + unknowable.entrySet().stream()
            .map(entry -> entry.getValue() + " " + entry.getKey().words)
            .collect(Collectors.joining(", ", sum == 0 ? "" : ": ", ""));
  }
}
