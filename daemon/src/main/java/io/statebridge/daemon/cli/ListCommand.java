package io.statebridge.daemon.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ListContainersRequest;
import io.statebridge.proto.v1.ListContainersResponse;
import io.statebridge.proto.v1.SyncState;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "list", description = "List containers.")
final class ListCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();
  @Mixin private FilterOptions filter = new FilterOptions();

  @Option(names = "--removed", description = "Also containers that were removed of late.")
  private boolean removed;

  @Spec private CommandSpec command = CommandSpec.create();

  ListCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    ListContainersRequest request =
        ListContainersRequest.newBuilder()
            .setFilter(filter.toProto(command))
            .setIncludeRemoved(removed)
            .build();
    try (DaemonConnection daemon = DaemonConnection.open(options.socket())) {
      ListContainersResponse answer = daemon.ask(stub -> stub.listContainers(request));
      switch (options.output()) {
        case TABLE -> printTable(answer);
        case JSON ->
            Json.printLine(terminal.out(), json -> array(json, answer.getContainersList()));
      }
    }
    return ExitStatus.DONE;
  }

  private void printTable(ListContainersResponse answer) {
    Instant now = terminal.clock().instant();
    List<List<String>> rows =
        answer.getContainersList().stream().map(each -> ContainerRow.of(each, now)).toList();
    Columns columns = new Columns(ContainerRow.HEADER.size()).fit(ContainerRow.HEADER);
    rows.forEach(columns::fit);
    terminal.out().println(columns.line(ContainerRow.HEADER));
    rows.forEach(row -> terminal.out().println(columns.line(row)));
    SyncState sync = answer.getSync();
    if (!sync.getInSync()) {
      terminal.complain(
          "note: this may be out of date: "
              + (sync.hasLastInSyncAt()
                  ? "last in sync with containerd at " + Text.time(sync.getLastInSyncAt())
                  : "not yet in sync with containerd")
              + "; see 'statebridge status'");
    }
  }

  private static void array(JsonGenerator json, List<Container> containers) throws IOException {
    json.writeStartArray();
    for (Container container : containers) {
      new ContainerJson(container).write(json);
    }
    json.writeEndArray();
  }
}
