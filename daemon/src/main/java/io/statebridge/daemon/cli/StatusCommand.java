package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.GetBridgeStatusRequest;
import io.statebridge.proto.v1.GetBridgeStatusResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "status", description = "Show how the daemon itself is doing.")
final class StatusCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();

  StatusCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    GetBridgeStatusRequest request = GetBridgeStatusRequest.getDefaultInstance();
    try (DaemonConnection daemon = DaemonConnection.open(options.socket())) {
      GetBridgeStatusResponse status = daemon.ask(stub -> stub.getBridgeStatus(request));
      switch (options.output()) {
        case TABLE ->
            new StatusReport(status, terminal.clock().instant())
                .lines()
                .forEach(terminal.out()::println);
        case JSON -> Json.printLine(terminal.out(), new MessageJson(status));
      }
    }
    return ExitStatus.DONE;
  }
}
