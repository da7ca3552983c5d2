package io.statebridge.endtoend;

import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.statebridge.proto.cri.v1.ImageServiceGrpc;
import io.statebridge.proto.cri.v1.ImageServiceGrpc.ImageServiceBlockingStub;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc;
import io.statebridge.proto.cri.v1.RuntimeServiceGrpc.RuntimeServiceBlockingStub;
import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import io.statebridge.proto.v1.StatebridgeGrpc;
import io.statebridge.proto.v1.StatebridgeGrpc.StatebridgeBlockingStub;
import io.statebridge.proto.v1.StatebridgeGrpc.StatebridgeStub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The daemon, run as users run it, on a socket of the test's own. */
final class StatebridgeProcess implements AutoCloseable {
  private static final int CALL_SECONDS = 30;

  private final Scratch scratch = Scratch.create();
  private final Path socket = scratch.resolve("statebridge.sock");
  private final Path log = Checkout.newLog("statebridge");
  private final UnixChannel channel = UnixChannel.to(socket);
  private final String[] arguments;
  private final List<String> prefix = new ArrayList<>();
  private boolean logIsRead = true;
  private String javaOptions = "";
  private @Nullable Process process;

  /**
   * Not started yet.
   *
   * @param containerdSocket of the containerd to follow
   * @param options of the run command
   */
  StatebridgeProcess(Path containerdSocket, String... options) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "run",
                "--containerd-socket",
                containerdSocket.toString(),
                "--listen",
                socket.toString(),
                "--state-dir",
                stateDirectory().toString()));
    all.addAll(List.of(options));
    arguments = all.toArray(String[]::new);
  }

  /** Likewise, with lines of its configuration file. */
  static StatebridgeProcess configured(Path containerdSocket, String... lines) {
    Path file = Checkout.newLog("statebridge-config");
    try {
      Files.write(file, List.of(lines));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new StatebridgeProcess(containerdSocket, "--config", file.toString());
  }

  /** From its next start on its JVM has these options. */
  StatebridgeProcess withJavaOptions(String options) {
    javaOptions = options;
    return this;
  }

  /** From its next start on with the priority that the systemd unit gives it. */
  StatebridgeProcess asTheUnitRunsIt() {
    prefix.addAll(List.of("nice", "-n", Checkout.unitNice()));
    return this;
  }

  /** From its next start on nobody reads its log, and the pipe that it goes to is full already. */
  StatebridgeProcess withALogThatNobodyReads() {
    prefix.addAll(List.of("sh", "-c", "head -c 65536 /dev/zero >&2; exec \"$@\"", "sh"));
    logIsRead = false;
    return this;
  }

  /** Starts it and waits until it serves, whatever becomes of containerd. */
  void start() {
    ProcessBuilder builder = Checkout.statebridge(arguments);
    builder.command().addAll(0, prefix);
    builder.environment().put("STATEBRIDGE_JAVA_OPTS", javaOptions);
    Process started;
    try {
      started =
          builder
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(
                  logIsRead
                      ? ProcessBuilder.Redirect.appendTo(log.toFile())
                      : ProcessBuilder.Redirect.PIPE)
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process = started;
    await("statebridge to serve, see " + log).until(() -> !started.isAlive() || isServing());
    if (!started.isAlive()) {
      throw new AssertionError("statebridge ended at its start: " + log());
    }
  }

  private boolean isServing() {
    channel.grpc().resetConnectBackoff();
    try {
      status();
      return true;
    } catch (StatusRuntimeException e) {
      return switch (e.getStatus().getCode()) {
        // The machine may be busy.
        case UNAVAILABLE, DEADLINE_EXCEEDED -> false;
        default -> throw e;
      };
    }
  }

  void awaitInSync() {
    await("in sync, see " + log).until(() -> status().getSync().getInSync());
  }

  Path socket() {
    return socket;
  }

  /** Where its checkpoint is to be; the daemon makes it. */
  Path stateDirectory() {
    return scratch.resolve("state");
  }

  Cli cli() {
    return new Cli(socket);
  }

  /** Until all that is known is on the disk. */
  void awaitDurable() {
    await().until(() -> status().getCheckpoint().getDurableRevision() == status().getRevision());
  }

  StatebridgeBlockingStub client() {
    return StatebridgeGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  UnixChannel channel() {
    return channel;
  }

  /** The CRI that it serves. */
  RuntimeServiceBlockingStub cri() {
    return RuntimeServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** A connection of its own, which is the caller's to close. */
  UnixChannel connect() {
    return UnixChannel.to(socket);
  }

  /** The other service of it. */
  ImageServiceBlockingStub criImages() {
    return ImageServiceGrpc.newBlockingStub(channel.grpc())
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** For calls that last. */
  StatebridgeStub asyncClient() {
    return StatebridgeGrpc.newStub(channel.grpc());
  }

  GetBridgeStatusResponse status() {
    return client().getBridgeStatus(GetBridgeStatusRequest.getDefaultInstance());
  }

  /** What it has logged so far, in all its lives. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isRunning() {
    return process != null && process.isAlive();
  }

  /** Sends SIGTERM; the exit status, or fails when there is none after so many seconds. */
  int terminate(int withinSeconds) throws InterruptedException {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("not started");
    }
    running.destroy();
    if (!running.waitFor(withinSeconds, TimeUnit.SECONDS)) {
      throw new AssertionError("still there after " + withinSeconds + " s: " + log());
    }
    return running.exitValue();
  }

  /** Stops it where it is, until {@link #thaw}. */
  void freeze() {
    Signals.freeze(handle());
  }

  void thaw() {
    Signals.thaw(handle());
  }

  ProcessHandle handle() {
    return Objects.requireNonNull(process, "not started").toHandle();
  }

  /** Ends it without warning; it can be started again, on what it left. */
  void crash() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly().onExit().join();
    }
  }

  @Override
  public void close() {
    try (scratch;
        channel) {
      crash();
    }
  }
}
