package io.statebridge.daemon.cri;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.daemon.sync.SyncStatus;
import io.statebridge.proto.cri.v1.CgroupDriver;
import io.statebridge.proto.cri.v1.LinuxRuntimeConfiguration;
import io.statebridge.proto.cri.v1.RuntimeCondition;
import io.statebridge.proto.cri.v1.RuntimeConfigResponse;
import io.statebridge.proto.cri.v1.RuntimeStatus;
import io.statebridge.proto.cri.v1.StatusRequest;
import io.statebridge.proto.cri.v1.StatusResponse;
import io.statebridge.store.ContainerStore;
import java.io.IOException;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How the runtime is doing, as the CRI tells it. The runtime is ready when we are in sync with it
 * and its plugin says so; of the pods' network the plugin alone can tell. Thread-safe.
 */
final class CriConditions {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RUNTIME = "RuntimeReady";
  private static final String NETWORK = "NetworkReady";

  private final CriPlugin plugin;
  private final Supplier<SyncStatus> sync;
  private final ContainerStore store;

  /** A node's driver changes with a new containerd at most, and is asked for while that is away. */
  private volatile @Nullable RuntimeConfigResponse lastConfig;

  CriConditions(CriPlugin plugin, Supplier<SyncStatus> sync, ContainerStore store) {
    this.plugin = plugin;
    this.sync = sync;
    this.store = store;
  }

  StatusResponse status(StatusRequest request) {
    SyncStatus now = sync.get();
    StatusResponse.Builder answer = StatusResponse.newBuilder();
    @Nullable StatusRuntimeException failure = null;
    try {
      answer.mergeFrom(plugin.status(request));
    } catch (StatusRuntimeException e) {
      failure = e;
    }
    RuntimeStatus.Builder told = answer.getStatusBuilder();
    RuntimeStatus.Builder conditions = RuntimeStatus.newBuilder();
    conditions.addConditions(runtime(now, failure, told));
    conditions.addConditions(network(failure, told));
    told.getConditionsList().stream()
        .filter(c -> !c.getType().equals(RUNTIME) && !c.getType().equals(NETWORK))
        .forEach(conditions::addConditions);
    answer.setStatus(conditions);
    if (request.getVerbose()) {
      answer.putInfo("statebridge", details(now));
    }
    return answer.build();
  }

  private static RuntimeCondition runtime(
      SyncStatus now, @Nullable StatusRuntimeException failure, RuntimeStatus.Builder told) {
    if (!now.inSync()) {
      return not(
          RUNTIME,
          "ContainerdNotInSync",
          "statebridge is not in sync with containerd (%s): %s"
              .formatted(now.phase(), now.lastError()));
    }
    if (failure != null && !CriPlugin.isAbsent(failure)) {
      return not(RUNTIME, "CriPluginNotAnswering", words(failure));
    }
    return find(told, RUNTIME, RuntimeCondition.newBuilder().setType(RUNTIME).setStatus(true));
  }

  private static RuntimeCondition network(
      @Nullable StatusRuntimeException failure, RuntimeStatus.Builder told) {
    String reason =
        failure == null || !CriPlugin.isAbsent(failure) ? "NetworkStateUnknown" : "NoCriPlugin";
    String message =
        failure == null
            ? "containerd's CRI plugin does not tell"
            : "only containerd's CRI plugin can tell: " + words(failure);
    return find(told, NETWORK, not(NETWORK, reason, message).toBuilder());
  }

  private static String words(StatusRuntimeException failure) {
    Status status = failure.getStatus();
    String text = status.getDescription();
    return status.getCode() + (text == null ? "" : ": " + text);
  }

  private static RuntimeCondition find(
      RuntimeStatus.Builder told, String type, RuntimeCondition.Builder otherwise) {
    return told.getConditionsList().stream()
        .filter(c -> c.getType().equals(type))
        .findFirst()
        .orElseGet(otherwise::build);
  }

  private static RuntimeCondition not(String type, String reason, String message) {
    return RuntimeCondition.newBuilder()
        .setType(type)
        .setStatus(false)
        .setReason(reason)
        .setMessage(message)
        .build();
  }

  private String details(SyncStatus now) {
    ObjectNode details = JSON.createObjectNode();
    details.put("inSync", now.inSync());
    details.put("phase", now.phase().name());
    details.put("since", text(now.since()));
    details.put("lastInSyncAt", text(now.inSync() ? Instant.now() : now.lastInSyncAt()));
    details.put("lastError", now.lastError());
    details.put("epoch", store.epoch());
    details.put("revision", store.revision());
    return details.toString();
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  /**
   * The node's cgroup driver.
   *
   * @throws StatusRuntimeException UNIMPLEMENTED without a plugin, else why it cannot be had
   */
  RuntimeConfigResponse runtimeConfig() {
    try {
      RuntimeConfigResponse config = askForConfig();
      lastConfig = config;
      return config;
    } catch (StatusRuntimeException e) {
      RuntimeConfigResponse known = lastConfig;
      if (known != null && !CriPlugin.isAbsent(e)) {
        return known;
      }
      throw e.getStatus()
          .augmentDescription("only containerd's CRI plugin knows the cgroup driver")
          .asRuntimeException();
    }
  }

  private RuntimeConfigResponse askForConfig() {
    try {
      return plugin.runtimeConfig();
    } catch (StatusRuntimeException e) {
      if (!CriPlugin.isAbsent(e)) {
        throw e;
      }
    }
    // Before 2.0 the plugin tells its driver in its status alone.
    StatusResponse status = plugin.status(StatusRequest.newBuilder().setVerbose(true).build());
    return RuntimeConfigResponse.newBuilder()
        .setLinux(
            LinuxRuntimeConfiguration.newBuilder()
                .setCgroupDriver(driver(status.getInfoOrDefault("config", "{}"))))
        .build();
  }

  private static CgroupDriver driver(String pluginConfig) {
    try {
      JsonNode containerd = JSON.readTree(pluginConfig).path("containerd");
      boolean systemd =
          containerd
              .path("runtimes")
              .path(containerd.path("defaultRuntimeName").asText())
              .path("options")
              .path("SystemdCgroup")
              .asBoolean();
      return systemd ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS;
    } catch (IOException e) {
      throw Status.INTERNAL
          .withDescription("containerd's CRI plugin has a configuration that is no JSON")
          .withCause(e)
          .asRuntimeException();
    }
  }
}
