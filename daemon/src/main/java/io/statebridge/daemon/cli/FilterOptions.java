package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.proto.v1.ContainerState;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which containers a list or a watch is about. */
final class FilterOptions {
  /** The API's states by the names that people use. */
  enum State {
    CREATED(ContainerState.CONTAINER_STATE_CREATED),
    RUNNING(ContainerState.CONTAINER_STATE_RUNNING),
    EXITED(ContainerState.CONTAINER_STATE_EXITED),
    UNKNOWN(ContainerState.CONTAINER_STATE_UNKNOWN);

    private final ContainerState proto;

    State(ContainerState proto) {
      this.proto = proto;
    }
  }

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NS",
      description = "Only containers of this namespace; repeat for several.")
  private List<String> namespaces = new ArrayList<>();

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description =
          "Only containers in this state: created, running, exited or unknown; repeatable.")
  private List<State> states = new ArrayList<>();

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY=VALUE",
      converter = Label.Converter.class,
      description = "Only containers with this label; repeat for those that have all of them.")
  private List<Label> labels = new ArrayList<>();

  @Option(
      names = "--sandbox",
      paramLabel = "ID",
      defaultValue = "",
      description = "Only containers of this sandbox (pod); its whole id.")
  private String sandbox = "";

  /** The filter for the request; a usage error if no container could ever match. */
  ContainerFilter toProto(CommandSpec command) {
    ContainerFilter.Builder filter =
        ContainerFilter.newBuilder().addAllNamespaces(namespaces).setSandboxId(sandbox);
    states.forEach(state -> filter.addStates(state.proto));
    for (Label label : labels) {
      String other = filter.getLabelsOrDefault(label.key(), label.value());
      if (!other.equals(label.value())) {
        throw new ParameterException(
            command.commandLine(), "No container can have two values of label " + label.key());
      }
      filter.putLabels(label.key(), label.value());
    }
    return filter.build();
  }
}
