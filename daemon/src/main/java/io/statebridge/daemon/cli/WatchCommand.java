package io.statebridge.daemon.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.v1.WatchContainersRequest;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "watch",
    description = "Print what exists, then every change as it happens, until interrupted.")
final class WatchCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();
  @Mixin private FilterOptions filter = new FilterOptions();
  @Spec private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--resume",
      paramLabel = "EPOCH:REVISION",
      converter = ResumePoint.Converter.class,
      description = "Print only the changes after this revision, as an earlier watch printed it.")
  private @Nullable ResumePoint resume;

  WatchCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    WatchContainersRequest.Builder request =
        WatchContainersRequest.newBuilder().setFilter(filter.toProto(command));
    if (resume != null) {
      request.setResume(resume.toProto());
    }
    try (DaemonConnection daemon = DaemonConnection.open(options.socket())) {
      return follow(daemon, request.build());
    }
  }

  private int follow(DaemonConnection daemon, WatchContainersRequest request) {
    WatchPrinter printer =
        switch (options.output()) {
          case TABLE -> new WatchTable(terminal);
          case JSON -> new WatchJson(terminal.out());
        };
    WatchPosition position = new WatchPosition(resume);
    try {
      Iterator<WatchContainersResponse> changes = daemon.stub().watchContainers(request);
      while (changes.hasNext()) {
        WatchContainersResponse change = changes.next();
        printer.print(change);
        position.passed(change);
        // Flushes each line, and ends the watch quietly when its reader has gone.
        if (!terminal.isRead()) {
          return ExitStatus.FAILED;
        }
      }
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.OUT_OF_RANGE) {
        throw CommandFailure.failed(outOfRange(e));
      }
      CommandFailure failure = daemon.failure(e);
      throw new CommandFailure(failure.exitStatus(), failure.getMessage() + position.hint());
    }
    throw CommandFailure.failed("the daemon ended the watch: start it again" + position.hint());
  }

  private static String outOfRange(StatusRuntimeException e) {
    return "the watch cannot go on without a gap ("
        + e.getStatus().getDescription()
        + "): start it again without --resume to get the state as it is now";
  }
}
