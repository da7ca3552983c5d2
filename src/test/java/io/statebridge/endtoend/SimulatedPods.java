package io.statebridge.endtoend;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.statebridge.proto.containerd.containers.v1.Container;
import io.statebridge.simulator.SimulatedContainerd;

/** Pods and their containers as a CRI plugin keeps them, by number. */
final class SimulatedPods {

  private SimulatedPods() {}

  static String podId(int pod) {
    return "pod" + pod;
  }

  static String id(int pod, int i) {
    return podId(pod) + "-c" + i;
  }

  /** Creates and starts it. */
  static void run(SimulatedContainerd containerd, Container container) {
    containerd.createContainer(CriPods.NAMESPACE, container);
    containerd.createTask(CriPods.NAMESPACE, container.getId());
    containerd.startTask(CriPods.NAMESPACE, container.getId());
  }

  static Container sandbox(int pod) {
    String id = podId(pod);
    return container(
        id,
        "sandbox",
        id,
        """
        {"Version":"v1","Metadata":{"ID":"%1$s","Config":{"metadata":
          {"name":"name-%1$s","uid":"uid-%1$s","namespace":"tests"}}}}
        """
            .formatted(id));
  }

  static Container container(int pod, int i) {
    String id = id(pod, i);
    return container(
        id,
        "container",
        podId(pod),
        """
        {"Version":"v1","Metadata":{"ID":"%1$s","SandboxID":"%2$s","Config":{"metadata":
          {"name":"name-%1$s"}}}}
        """
            .formatted(id, podId(pod)));
  }

  private static Container container(String id, String kind, String pod, String metadata) {
    return Container.newBuilder()
        .setId(id)
        .setImage("simulated:latest")
        .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"))
        .setSandbox(pod)
        .putLabels("io.cri-containerd.kind", kind)
        .putExtensions(
            "io.cri-containerd." + kind + ".metadata",
            Any.newBuilder().setValue(ByteString.copyFromUtf8(metadata)).build())
        .build();
  }
}
