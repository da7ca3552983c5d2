package io.statebridge.daemon.containerd;

import static io.statebridge.daemon.containerd.GrpcContainerRuntime.call;
import static io.statebridge.daemon.containerd.GrpcContainerRuntime.in;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Any;
import io.grpc.ManagedChannel;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerInfo;
import io.statebridge.api.ContainerRuntime;
import io.statebridge.api.PastRun;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.api.RuntimeFailure.Kind;
import io.statebridge.api.TaskInfo;
import io.statebridge.proto.containerd.sandbox.v1.ControllerWaitResponse;
import io.statebridge.proto.containerd.sandbox.v1.Sandbox;
import io.statebridge.proto.containerd.sandbox.v1.StoreGetRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreGrpc;
import io.statebridge.proto.containerd.sandbox.v1.StoreListRequest;
import io.statebridge.proto.containerd.sandbox.v1.StoreListResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The pods of containerd 2 whose sandboxer makes no pause container, such as a virtual machine's:
 * each is told as a container whose task runs as long as the sandbox is ready.
 *
 * <p>Only in the CRI's namespace, for only its plugin makes pods; and only of those that name their
 * sandboxer, as the plugin of 2.x does. No event tells of them. Thread-safe.
 */
final class Sandboxes {

  /**
   * The default sandboxer makes a pause container, which is followed like any other: its record
   * comes before the container and goes after it, and means nothing by itself.
   */
  private static final String OF_PAUSE_CONTAINERS = "podsandbox";

  private static final String CRI_METADATA = "metadata";

  private final ManagedChannel channel;
  private final Duration deadline;
  private final Sandboxers sandboxers;

  /** Those that were listed or got last, and their sandboxers. */
  private final Map<ContainerId, String> known = new ConcurrentHashMap<>();

  private volatile boolean served = true;

  /**
   * @param deadline of a call about one sandbox, or for the list of them
   */
  Sandboxes(ManagedChannel channel, Duration deadline) {
    this.channel = channel;
    this.deadline = deadline;
    this.sandboxers = new Sandboxers(channel, deadline);
  }

  /** It may be another containerd, which has the service that the last one had not. */
  void connected() {
    served = true;
  }

  /** Whether it is a sandbox without a container, as far as was asked. */
  boolean knows(ContainerId id) {
    return known.containsKey(id);
  }

  /** The containers of a namespace, and the sandboxes that are not among them. */
  CompletionStage<List<ContainerInfo>> beside(
      String namespace, CompletionStage<List<ContainerInfo>> containers) {
    if (!mayBeIn(namespace)) {
      return containers;
    }
    return containers.thenCombine(list(namespace), (infos, all) -> with(namespace, infos, all));
  }

  private boolean mayBeIn(String namespace) {
    return served && namespace.equals(ContainerRuntime.CRI_NAMESPACE);
  }

  private CompletionStage<List<Sandbox>> list(String namespace) {
    return call(
            "Store/List",
            in(namespace, StoreGrpc.newFutureStub(channel), deadline)
                .list(StoreListRequest.getDefaultInstance()),
            StoreListResponse::getListList)
        .exceptionallyCompose(
            failure -> {
              if (RuntimeFailures.kindOf(failure) != Kind.PERMANENT) {
                return CompletableFuture.failedStage(failure);
              }
              served = false;
              return CompletableFuture.completedStage(List.of());
            });
  }

  private List<ContainerInfo> with(
      String namespace, List<ContainerInfo> containers, List<Sandbox> sandboxes) {
    Set<String> taken = containers.stream().map(info -> info.id().id()).collect(Collectors.toSet());
    List<ContainerInfo> all = new ArrayList<>(containers);
    Map<ContainerId, String> found = new HashMap<>();
    for (Sandbox sandbox : sandboxes) {
      if (hasNoContainer(sandbox) && !taken.contains(sandbox.getSandboxId())) {
        ContainerInfo info = info(new ContainerId(namespace, sandbox.getSandboxId()), sandbox);
        found.put(info.id(), sandbox.getSandboxer());
        all.add(info);
      }
    }
    known.putAll(found);
    known.keySet().retainAll(found.keySet());
    return all;
  }

  private static boolean hasNoContainer(Sandbox sandbox) {
    String sandboxer = sandbox.getSandboxer();
    return !sandboxer.isEmpty() && !sandboxer.equals(OF_PAUSE_CONTAINERS);
  }

  /** The sandbox of that id; if there is none, the failure to find a container. */
  CompletionStage<ContainerInfo> get(ContainerId id, Throwable noContainer) {
    if (!mayBeIn(id.namespace()) || RuntimeFailures.kindOf(noContainer) != Kind.NOT_FOUND) {
      return CompletableFuture.failedStage(noContainer);
    }
    return call(
            "Store/Get",
            in(id.namespace(), StoreGrpc.newFutureStub(channel), deadline)
                .get(StoreGetRequest.newBuilder().setSandboxId(id.id()).build()),
            response -> found(id, response.getSandbox()))
        .exceptionallyCompose(failure -> absent(id, failure, noContainer));
  }

  private ContainerInfo found(ContainerId id, Sandbox sandbox) {
    if (!hasNoContainer(sandbox)) {
      throw new RuntimeFailure(Kind.NOT_FOUND, "the sandbox " + id + " is a container's");
    }
    known.put(id, sandbox.getSandboxer());
    return info(id, sandbox);
  }

  private CompletionStage<ContainerInfo> absent(
      ContainerId id, Throwable failure, Throwable noContainer) {
    return switch (RuntimeFailures.kindOf(failure)) {
      case NOT_FOUND -> {
        known.remove(id);
        yield CompletableFuture.failedStage(noContainer);
      }
      case PERMANENT -> {
        served = false;
        yield CompletableFuture.failedStage(noContainer);
      }
      case UNREACHABLE, TRANSIENT -> CompletableFuture.failedStage(failure);
    };
  }

  private static ContainerInfo info(ContainerId id, Sandbox sandbox) {
    Map<String, String> labels = new HashMap<>(sandbox.getLabelsMap());
    labels.putIfAbsent("io.cri-containerd.kind", "sandbox");
    return new ContainerInfo(
        id,
        "",
        sandbox.getRuntime().getName(),
        labels,
        "",
        Times.orNull(sandbox.getCreatedAt()),
        sandbox
            .getExtensionsOrDefault(CRI_METADATA, Any.getDefaultInstance())
            .getValue()
            .toStringUtf8(),
        "");
  }

  /** The tasks of a namespace, and of those of its sandboxes that are known and ready. */
  CompletionStage<List<TaskInfo>> besideTasks(
      String namespace, CompletionStage<List<TaskInfo>> tasks) {
    CompletionStage<List<TaskInfo>> all = tasks;
    for (ContainerId id : known.keySet()) {
      if (id.namespace().equals(namespace)) {
        all =
            all.thenCombine(
                status(id).handle((task, failure) -> failure == null ? List.of(task) : List.of()),
                Sandboxes::concat);
      }
    }
    return all;
  }

  private static List<TaskInfo> concat(List<TaskInfo> some, List<TaskInfo> more) {
    List<TaskInfo> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  /** The task of a sandbox that is ready; the failure to find a task if it is not, or unknown. */
  CompletionStage<TaskInfo> task(ContainerId id, Throwable noTask) {
    return RuntimeFailures.kindOf(noTask) == Kind.NOT_FOUND && knows(id)
        ? status(id)
        : CompletableFuture.failedStage(noTask);
  }

  private CompletionStage<TaskInfo> status(ContainerId id) {
    return sandboxers.status(id, sandboxer(id));
  }

  /** How one that is not ready ended; fails with TRANSIENT when it may yet be started. */
  CompletionStage<PastRun> pastRun(ContainerId id) {
    return sandboxers.pastRun(id, sandboxer(id));
  }

  /** Answered when it ends, without a deadline. */
  ListenableFuture<ControllerWaitResponse> end(ContainerId id) {
    return sandboxers.end(id, sandboxer(id));
  }

  private String sandboxer(ContainerId id) {
    return known.getOrDefault(id, "");
  }
}
