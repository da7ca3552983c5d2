package io.statebridge.daemon.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.StatebridgeGrpc.StatebridgeBlockingStub;
import io.statebridge.proto.v1.WaitContainerRequest;
import io.statebridge.proto.v1.WaitContainerRequest.Until;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "wait", description = "Wait for a container's end and print its exit code.")
final class WaitCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();
  @Mixin private ContainerOptions which = new ContainerOptions();

  @Option(
      names = "--observed",
      description =
          "Return as soon as the exit is known, not only when it is recorded; also while containerd"
              + " is away.")
  private boolean observed;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      converter = TimeoutConverter.class,
      description = "Give up after this long, such as 30s or 5m (default: never).")
  private @Nullable Duration timeout;

  WaitCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    try (DaemonConnection daemon = DaemonConnection.open(options.socket())) {
      Container container = await(daemon);
      switch (options.output()) {
        case TABLE -> terminal.out().println(exitCode(container));
        case JSON -> Json.printLine(terminal.out(), new ContainerJson(container));
      }
    }
    return ExitStatus.DONE;
  }

  private Container await(DaemonConnection daemon) {
    Duration limit = timeout;
    StatebridgeBlockingStub stub = daemon.stub();
    if (limit != null) {
      stub = stub.withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS);
    }
    try {
      return stub.waitContainer(
              WaitContainerRequest.newBuilder()
                  .setNamespace(which.namespace())
                  .setId(which.id())
                  .setMatchPrefix(true)
                  .setUntil(observed ? Until.OBSERVED : Until.RECORDED)
                  .build())
          .getContainer();
    } catch (StatusRuntimeException e) {
      if (limit != null && e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
        throw CommandFailure.failed(
            which.id()
                + " has not ended within "
                + limit.toMillis()
                + " ms: wait longer with --timeout");
      }
      throw daemon.failure(e);
    }
  }

  private static String exitCode(Container container) {
    if (container.hasExitCode()) {
      return Integer.toUnsignedString(container.getExitCode());
    }
    if (container.hasPendingExit()) {
      return Integer.toUnsignedString(container.getPendingExit().getExitCode());
    }
    throw CommandFailure.failed(
        "the daemon ended the wait for " + container.getId() + " without an exit code: wait again");
  }
}
