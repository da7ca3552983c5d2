package io.statebridge.endtoend;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Rounds of faults, on the daemon and a containerd as processes; what {@code bin/chaos} runs. What
 * is done when follows from the seed; what comes of it does not.
 */
final class Chaos {
  private static final ChaosPlan.Pace SIMULATED = new ChaosPlan.Pace(700, 12, true);
  private static final ChaosPlan.Pace REAL = new ChaosPlan.Pace(4000, 6, false);

  /** How many rounds a real containerd stays at a version. */
  private static final int ROUNDS_OF_VERSION = 4;

  private static final int ROUNDS_OF_SIMULATOR = 100;

  /** Worth to be read about. */
  private static final Duration SLOW = Duration.ofSeconds(3);

  private static final int WAIT_SECONDS = 180;

  private final PrintStream out;
  private final boolean real;
  private final long seed;

  Chaos(PrintStream out, boolean real, long seed) {
    this.out = out;
    this.real = real;
    this.seed = seed;
  }

  static void main(String[] arguments) throws Exception {
    boolean real = List.of(arguments).contains("--real");
    long seed = option(arguments, "--seed", new Random().nextInt(1_000_000));
    int first = (int) option(arguments, "--first", 0);
    int rounds = (int) option(arguments, "--rounds", 20);
    Awaitility.setDefaultTimeout(Duration.ofSeconds(WAIT_SECONDS));
    Thread main = Thread.currentThread();
    Thread atSignal = new Thread(() -> end(main));
    Runtime.getRuntime().addShutdownHook(atSignal);
    ChaosTally tally = new Chaos(System.out, real, seed).run(first, rounds);
    Runtime.getRuntime().removeShutdownHook(atSignal);
    System.exit(tally.isBad() ? 1 : 0);
  }

  /** What it has started and mounted does not outlive it. */
  private static void end(Thread main) {
    main.interrupt();
    try {
      main.join(Duration.ofSeconds(WAIT_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long option(String[] arguments, String name, long otherwise) {
    int at = List.of(arguments).indexOf(name);
    return at < 0 ? otherwise : Long.parseLong(arguments[at + 1]);
  }

  ChaosTally run(int first, int rounds) throws IOException, InterruptedException {
    out.printf("chaos: seed %d%n", seed);
    ChaosTally tally = new ChaosTally();
    List<Path> versions = real ? versions() : List.of();
    int roundsOfNode = real ? ROUNDS_OF_VERSION * versions.size() : ROUNDS_OF_SIMULATOR;
    int end = first + rounds;
    try {
      for (int next = first; next < end; ) {
        int version = real ? next / ROUNDS_OF_VERSION % versions.size() : 0;
        int last = Math.min(end, (next / roundsOfNode + 1) * roundsOfNode);
        ChaosNode node = real ? new ChaosOnReal(versions, version) : new ChaosOnSimulator();
        try (ChaosStage stage = new ChaosStage(node, real)) {
          for (int begin = next; next < last; next++) {
            boolean changesVersion = real && next > begin && next % ROUNDS_OF_VERSION == 0;
            tally.add(round(stage, next, changesVersion));
          }
        }
      }
    } finally {
      // Also what it came to until it was interrupted.
      out.println(tally);
    }
    if (tally.isBad()) {
      out.printf("chaos: FAILED; the same faults again: %s%n", command(first, rounds));
    }
    return tally;
  }

  private ChaosTally.Round round(ChaosStage stage, int number, boolean changesVersion)
      throws InterruptedException {
    ChaosPlan.Pace pace = real ? REAL : SIMULATED;
    ChaosPlan drawn = ChaosPlan.of(pace, seed, number);
    ChaosPlan plan = changesVersion ? drawn.withVersionChange(pace) : drawn;
    ChaosTally.Round round;
    try {
      round = stage.round(number, plan);
    } catch (IllegalStateException | AssertionError e) {
      out.printf("chaos: round %d ends early, %s: %s%n", number, plan, command(number, 1));
      throw e;
    }
    if (round.isBad()) {
      out.printf("round %d, %s%n  %s%n", number, command(number, 1), plan);
      round.judgements().stream().filter(j -> j.isBad()).forEach(j -> out.println("  " + j));
      round.broken().forEach(broken -> out.println("  " + broken));
    }
    if (round.longest().compareTo(SLOW) > 0) {
      out.printf(
          "round %d, known after %s, %s%n  %s%n  %s%n",
          number, round.longest(), command(number, 1), plan, round.slowest());
    }
    return round;
  }

  private String command(int first, int rounds) {
    return "bin/chaos --seed %d --first %d --rounds %d%s"
        .formatted(seed, first, rounds, real ? " --real" : "");
  }

  /** The installed containerd, and those that bin/test has unpacked, which are newer. */
  private static List<Path> versions() throws IOException {
    Path installed = Program.require("containerd", "containerd").getParent();
    Path unpacked = Checkout.file("target/containerd");
    if (!Files.isDirectory(unpacked)) {
      return List.of(installed);
    }
    // Trixie comes after sid in the alphabet, and before it in time.
    try (Stream<Path> suites = Files.list(unpacked)) {
      Stream<Path> newer =
          suites
              .map(suite -> suite.resolve("usr/bin"))
              .filter(bin -> Files.isExecutable(bin.resolve("containerd")))
              .sorted(Comparator.reverseOrder());
      return Stream.concat(Stream.of(installed), newer).toList();
    }
  }
}
