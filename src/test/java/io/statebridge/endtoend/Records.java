package io.statebridge.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.v1.Container;
import io.statebridge.proto.v1.ContainerState;
import io.statebridge.proto.v1.GetContainerRequest;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/** A daemon's records, to wait for and to read. */
record Records(StatebridgeProcess statebridge) {

  /** Waits until the record of the container is as wanted. */
  Container await(ContainerId id, Predicate<Container> wanted) {
    return Awaitility.await("the record of " + id)
        .until(() -> find(id).filter(wanted), Optional::isPresent)
        .orElseThrow();
  }

  Container awaitState(ContainerId id, ContainerState state) {
    return await(id, container -> container.getState() == state);
  }

  /** As long as the container is there. */
  Optional<Container> find(ContainerId id) {
    return findOrRemoved(id).filter(container -> !container.hasRemovedAt());
  }

  /** Also how it ended when it has gone. */
  Optional<Container> findOrRemoved(ContainerId id) {
    GetContainerRequest request =
        GetContainerRequest.newBuilder().setNamespace(id.namespace()).setId(id.id()).build();
    try {
      return Optional.of(statebridge.client().getContainer(request).getContainer());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The record as {@code get -o json} prints it. */
  JsonNode json(ContainerId id) {
    return statebridge.cli().json("get", "--namespace", id.namespace(), id.id());
  }

  static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }
}
