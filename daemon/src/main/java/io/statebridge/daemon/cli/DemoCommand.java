package io.statebridge.daemon.cli;

import io.grpc.StatusRuntimeException;
import io.statebridge.daemon.ops.Config;
import io.statebridge.daemon.ops.Daemon;
import io.statebridge.daemon.sync.DeletePolicy.Setting;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.simulator.SimulatedContainerd;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = {
      "Watch the daemon follow a simulated containerd, which goes down for a second half way.",
      "Needs neither root nor containerd, and leaves nothing behind."
    })
final class DemoCommand implements Callable<Integer> {

  private static final int MAX_CONTAINERS = 10_000;
  private static final int MIN_SECONDS = 3;
  private static final int MAX_SECONDS = 3600;
  private static final Duration FRAME_ON_TERMINAL = Duration.ofMillis(200);
  private static final Duration FRAME_ELSEWHERE = Duration.ofSeconds(1);

  /** Far more than the daemon needs to reconnect and catch up. */
  private static final Duration CATCH_UP_LIMIT = Duration.ofSeconds(20);

  private final Terminal terminal;

  @Spec private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--containers",
      paramLabel = "N",
      description = "How many run at a time (default: 20).")
  private int containers = 20;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "How long the workload goes on (default: 10).")
  private int seconds = 10;

  DemoCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    require("--containers", containers, 1, MAX_CONTAINERS);
    require("--seconds", seconds, MIN_SECONDS, MAX_SECONDS);
    silenceLog();
    Path directory = Files.createTempDirectory("statebridge-demo-");
    try {
      return play(directory.resolve("containerd.sock"), directory.resolve("statebridge.sock"));
    } finally {
      Files.deleteIfExists(directory.resolve("containerd.sock"));
      Files.deleteIfExists(directory.resolve("statebridge.sock"));
      Files.deleteIfExists(directory);
    }
  }

  private int play(Path containerdSocket, Path socket) throws IOException, InterruptedException {
    Config config =
        Config.DEFAULTS
            .withContainerdSocket(containerdSocket)
            .withListen(socket)
            .withoutCheckpoint()
            .withNamespaces(Map.of(DemoWorkload.NAMESPACE, Setting.ALWAYS));
    ExitTally tally = new ExitTally();
    try (SimulatedContainerd containerd = SimulatedContainerd.start(containerdSocket);
        Daemon _ = Daemon.start(config, Version.number());
        DaemonConnection connection = DaemonConnection.open(socket);
        DemoWorkload workload = new DemoWorkload(containerd, tally)) {
      Thread.ofPlatform()
          .name("demo-watch")
          .daemon()
          .start(() -> watch(connection, tally, workload));
      terminal
          .out()
          .printf("a simulated containerd at %s, statebridge at %s%n", containerdSocket, socket);
      workload.start(containers, Duration.ofSeconds(seconds).dividedBy(2));
      showUntil(Instant.now().plusSeconds(seconds), connection, tally);
      workload.end();
      tally.awaitAll(Instant.now().plus(CATCH_UP_LIMIT));
      return summarize(tally.result());
    }
  }

  private static void watch(DaemonConnection connection, ExitTally tally, DemoWorkload workload) {
    try {
      connection
          .stub()
          .watchContainers(WatchContainersRequest.getDefaultInstance())
          .forEachRemaining(
              change -> {
                if (change.hasContainer() && tally.told(change.getContainer(), Instant.now())) {
                  workload.recorded(change.getContainer().getId());
                }
              });
    } catch (StatusRuntimeException e) {
      // The demo is over, or the daemon went away: then what is missing counts as lost.
    }
  }

  private void showUntil(Instant end, DaemonConnection connection, ExitTally tally)
      throws InterruptedException {
    boolean onTerminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    DemoScreen screen = new DemoScreen(terminal, onTerminal);
    Duration frame = onTerminal ? FRAME_ON_TERMINAL : FRAME_ELSEWHERE;
    while (Instant.now().isBefore(end)) {
      Thread.sleep(frame);
      screen.show(
          connection
              .ask(stub -> stub.listContainers(ListContainersRequest.getDefaultInstance()))
              .getContainersList(),
          connection.ask(stub -> stub.getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance())),
          tally.result());
    }
  }

  private int summarize(ExitTally.Result result) {
    terminal
        .out()
        .printf(
            """

            exits produced   %d, %d of them while containerd was down or just back
            exits recorded   %d, with the right code
            wrong codes      %d
            lost             %d
            exit to visible  p50 %s, p99 %s (of the others)
            """,
            result.produced(),
            result.unheard(),
            result.recorded(),
            result.wrong(),
            result.lost(),
            millis(result.percentile(50)),
            millis(result.percentile(99)));
    terminal.out().flush();
    return result.lost() == 0 && result.wrong() == 0 ? ExitStatus.DONE : ExitStatus.FAILED;
  }

  private static String millis(Duration duration) {
    return "%.1f ms".formatted(duration.toNanos() / 1e6);
  }

  private void require(String option, int value, int low, int high) {
    if (value < low || value > high) {
      throw new ParameterException(
          command.commandLine(), "%s must be %d to %d, not %d".formatted(option, low, high, value));
    }
  }

  /** The table is the output; that containerd goes away is part of the play. */
  private static void silenceLog() {
    if (LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)
        instanceof ch.qos.logback.classic.Logger root) {
      root.setLevel(ch.qos.logback.classic.Level.ERROR);
    }
  }
}
