package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.GetContainerRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "get", description = "Show one container.")
final class GetCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();
  @Mixin private ContainerOptions which = new ContainerOptions();

  GetCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    GetContainerRequest request =
        GetContainerRequest.newBuilder()
            .setNamespace(which.namespace())
            .setId(which.id())
            .setMatchPrefix(true)
            .build();
    try (DaemonConnection daemon = DaemonConnection.open(options.socket())) {
      Container container = daemon.ask(stub -> stub.getContainer(request)).getContainer();
      switch (options.output()) {
        case TABLE ->
            ContainerDetails.lines(container, terminal.clock().instant())
                .forEach(terminal.out()::println);
        case JSON -> Json.printLine(terminal.out(), new ContainerJson(container));
      }
    }
    return ExitStatus.DONE;
  }
}
