package io.statebridge.daemon.cri;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ContainerRuntime;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which containers a forwarded call touches. Every method of the RuntimeService that changes a pod
 * or a container names it in the first field of its request, and one that makes one names that in
 * the first field of its response; methods that do not exist yet will hardly do otherwise.
 */
final class CriEffects {

  private static final int FIRST_FIELD = 1;

  /** These change no record, and their first fields are no ids, or big. */
  private static final Set<String> NONE =
      Set.of(
          "Exec",
          "ExecSync",
          "Attach",
          "PortForward",
          "ReopenContainerLog",
          "UpdateRuntimeConfig",
          "ListMetricDescriptors",
          "ListPodSandboxMetrics",
          "StreamPodSandboxMetrics");

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

  private final CriRecords records;

  CriEffects(CriRecords records) {
    this.records = records;
  }

  /**
   * @param service such as runtime.v1.RuntimeService
   * @param method without the service
   */
  static boolean mayTouch(String service, String method) {
    return service.equals(CriForwarding.RUNTIME_SERVICE) && !NONE.contains(method);
  }

  /** Whom a message names: a container, or a pod's sandbox and all that is in it. */
  Set<ContainerId> of(byte[] message) {
    Set<ContainerId> ids = new LinkedHashSet<>();
    String id = firstField(message);
    if (!ID.matcher(id).matches()) {
      return ids;
    }
    // What we do not know of yet may be new.
    ids.add(new ContainerId(ContainerRuntime.CRI_NAMESPACE, id));
    records.containers().stream()
        .filter(view -> view.id().startsWith(id) || view.sandboxId().startsWith(id))
        .forEach(view -> ids.add(view.record().id()));
    records.sandboxes().stream()
        .filter(view -> view.id().startsWith(id))
        .forEach(view -> ids.add(view.record().id()));
    return ids;
  }

  private static String firstField(byte[] message) {
    CodedInputStream in = CodedInputStream.newInstance(message);
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == FIRST_FIELD
            && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
          return in.readString();
        }
        if (!in.skipField(tag)) {
          return "";
        }
      }
      return "";
    } catch (IOException e) {
      return "";
    }
  }
}
