package io.statebridge.daemon.rpc;

import io.statebridge.api.ContainerRecord;
import io.statebridge.api.ContainerState;
import io.statebridge.proto.v1.ContainerFilter;
import io.statebridge.store.Entry;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** A request's filter: every condition that is given must hold. */
record Filter(
    Set<String> namespaces,
    Set<String> ids,
    Set<ContainerState> states,
    Map<String, String> labels,
    String sandboxId)
    implements Predicate<Entry> {

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT that names the field
   */
  static Filter of(ContainerFilter filter) {
    EnumSet<ContainerState> states = EnumSet.noneOf(ContainerState.class);
    for (int value : filter.getStatesValueList()) {
      states.add(state(value));
    }
    Fields.checkNames("filter.namespaces", filter.getNamespacesList(), "namespace");
    Fields.checkNames("filter.ids", filter.getIdsList(), "id");
    filter.getLabelsMap().forEach((key, value) -> Fields.checkLabel("filter.labels", key, value));
    Fields.checkName("filter.sandbox_id", filter.getSandboxId());
    return new Filter(
        Set.copyOf(filter.getNamespacesList()),
        Set.copyOf(filter.getIdsList()),
        states,
        Map.copyOf(filter.getLabelsMap()),
        filter.getSandboxId());
  }

  private static ContainerState state(int value) {
    return switch (io.statebridge.proto.v1.ContainerState.forNumber(value)) {
      case CONTAINER_STATE_CREATED -> ContainerState.CREATED;
      case CONTAINER_STATE_RUNNING -> ContainerState.RUNNING;
      case CONTAINER_STATE_EXITED -> ContainerState.EXITED;
      case CONTAINER_STATE_UNKNOWN -> ContainerState.UNKNOWN;
      case CONTAINER_STATE_UNSPECIFIED, UNRECOGNIZED -> throw noState("UNSPECIFIED");
      case null -> throw noState(Integer.toString(value));
    };
  }

  private static RuntimeException noState(String what) {
    return Fields.invalid(
        "filter.states", "must be CREATED, RUNNING, EXITED or UNKNOWN, not " + what);
  }

  @Override
  public boolean test(Entry entry) {
    ContainerRecord container = entry.record();
    return (namespaces.isEmpty() || namespaces.contains(container.id().namespace()))
        && (ids.isEmpty() || ids.contains(container.id().id()))
        && (states.isEmpty() || states.contains(container.state()))
        && (sandboxId.isEmpty() || sandboxId.equals(container.info().sandboxId()))
        && container.labels().entrySet().containsAll(labels.entrySet());
  }
}
