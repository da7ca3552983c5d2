package io.statebridge.daemon.cri;

import com.google.common.base.Ticker;
import io.grpc.Channel;
import io.grpc.HandlerRegistry;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerUsage;
import io.statebridge.daemon.clients.CallHold;
import io.statebridge.daemon.stream.OpenCalls;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.store.ContainerStore;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The CRI as a server registers it: the services with those methods that we serve, and a registry
 * for all others, which a server asks when it has no such method itself.
 *
 * @param forwards whether those are passed through to containerd
 */
public record CriServices(
    List<ServerServiceDefinition> served, HandlerRegistry others, boolean forwards) {

  /** Methods of the services' definitions that are not for us to serve. */
  private static final Set<String> NOT_SERVED =
      Set.of(
          "RunPodSandbox",
          "StopPodSandbox",
          "RemovePodSandbox",
          "CreateContainer",
          "StartContainer",
          "StopContainer",
          "RemoveContainer",
          "UpdateContainerResources",
          "ExecSync",
          "ListMetricDescriptors",
          "ListPodSandboxMetrics");

  /**
   * What the services need of the rest of the daemon.
   *
   * @param namespaces that the CRI shows
   * @param forward whether what we do not serve is passed through, also if it changes something
   * @param containerd the connection to it, for its CRI plugin
   * @param socket of containerd, for messages
   * @param describe what containerd keeps of a container
   * @param usage of containers, measured for the stats
   */
  public record Settings(
      Set<String> namespaces,
      boolean forward,
      Channel containerd,
      String socket,
      Function<ContainerId, CompletionStage<Container>> describe,
      ContainerUsage usage) {}

  /**
   * Puts them together.
   *
   * @param executor for the streams of events
   */
  public static CriServices of(
      Settings settings,
      ContainerStore store,
      Supplier<SyncStatus> sync,
      Settler settler,
      OpenCalls openCalls,
      Executor executor) {
    Channel counting = CallHold.counting(settings.containerd());
    CriPlugin plugin =
        new CriPlugin(settings.containerd(), settings.socket(), Ticker.systemTicker());
    CriRecords records = new CriRecords(store, settings.namespaces(), plugin::image);
    CriRuntimeService runtime =
        new CriRuntimeService(
            store,
            records,
            sync,
            new CriConditions(plugin, sync, store),
            settings.describe(),
            new CriStats(records, settings.usage(), Ticker.systemTicker()),
            openCalls,
            executor);
    return new CriServices(
        List.of(
            withoutOthers(runtime.bindService()),
            new CriImageService(counting, settings.socket()).bindService()),
        new CriForwarding(
            counting, settings.socket(), settings.forward(), new CriEffects(records), settler),
        settings.forward());
  }

  /** A method that is bound would never be looked up in the registry of the others. */
  private static ServerServiceDefinition withoutOthers(ServerServiceDefinition whole) {
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(whole.getServiceDescriptor().getName())
            .setSchemaDescriptor(whole.getServiceDescriptor().getSchemaDescriptor());
    List<ServerMethodDefinition<?, ?>> served =
        whole.getMethods().stream().filter(CriServices::isServed).toList();
    served.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(descriptor.build());
    served.forEach(service::addMethod);
    return service.build();
  }

  private static boolean isServed(ServerMethodDefinition<?, ?> method) {
    return !NOT_SERVED.contains(method.getMethodDescriptor().getBareMethodName());
  }
}
